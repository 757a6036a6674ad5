"""The server on one core, its client on another: against a bare loop, and against systems A, C, D.

The peer is the page as those reports wrote theirs: Flask, the upload saved, Keras `model.predict`.
Requests a second are counted per second of the core's time that a process took, which on a core of
its own is the time by the clock; on a busy machine the clock would count the neighbours' work too.
"""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from helpers.core.runs import outputs_root
from tests.serving import CLASSES, PROJECT, film_file, running

SIZE = 256  # pixels: network C's input, and Ozturk's films as many people have them
CLIENTS = 4
SECONDS = 4.0
ROUNDS = 4
BEST_OF_STARTS = 3
SERVER_CORE, CLIENT_CORE = "0", 1


def run() -> list[dict]:
    """All bars of the server; rounds alternate, so that what else the machine does falls on all."""
    outputs, film = make_network_c(), film_file(height=SIZE, width=SIZE, kind=".jpg")
    own_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CLIENT_CORE} & own_cores or own_cores)
    try:
        return [*starting(outputs, film), *under_load(outputs, film)]
    finally:
        os.sched_setaffinity(0, own_cores)


def make_network_c() -> Path:
    """The run `small` with network C untrained: the time of a pass does not depend on weights."""
    from helpers.model.architectures import build
    from helpers.model.light import export_light

    outputs = outputs_root()
    model = build("ten_conv_cnn", CLASSES, SIZE)
    export_light(model, outputs / "small/model", CLASSES, {})
    model.save(outputs / "small/model/model.keras")
    return outputs


@dataclass
class Load:
    """One round: seconds of each request, its length by the clock, and the core's time it took."""

    latencies: list[float]
    seconds: float
    core_seconds: float

    @property
    def rate(self) -> float:
        """Requests a second of the core."""
        return len(self.latencies) / self.core_seconds

    @property
    def clock_rate(self) -> float:
        """Requests a second by the clock."""
        return len(self.latencies) / self.seconds

    @property
    def tail(self) -> float:
        """The 99th percentile of the latencies over their median."""
        return float(np.percentile(self.latencies, 99) / np.median(self.latencies))


def starting(outputs: Path, film: bytes) -> list[dict]:
    """From the command to the first answer, and the most memory up to there."""
    seconds, memory = [], []
    for _ in range(BEST_OF_STARTS):
        begun = time.perf_counter()
        with pinned_server(outputs) as server:
            asyncio.run(send_until(server.url, "/predict", film, clients=1, seconds=0))
            seconds.append(time.perf_counter() - begun)
            memory.append(peak_memory(server.process.pid))
    return [
        {
            "what": "server, from the command to the first answer",
            "measured": min(seconds),
            "unit": "s",
            "at_most": 3,
            "detail": f"best of {BEST_OF_STARTS}, one core: "
            + ", ".join(f"{one:.2f}" for one in seconds),
        },
        {
            "what": "server, most memory up to the first answer",
            "measured": max(memory),
            "unit": "MB",
            "at_most": 250,
            "detail": f"network C, {SIZE} x {SIZE}",
        },
    ]


def under_load(outputs: Path, film: bytes) -> list[dict]:
    """Throughput and tail, side by side with the bare loop and the Flask page."""
    ours, bare, theirs = [], [], []
    with pinned_server(outputs) as server, flask_page(outputs) as flask:
        for _ in range(ROUNDS):
            ours.append(load(server.url, server.process.pid, "/predict", film))
            bare.append(bare_loop(outputs, film))
            theirs.append(load(*flask, "/result", film))
    best = max(ours, key=lambda one: one.rate)
    slow = max(one.rate for one in theirs)
    calm = min(ours, key=lambda one: one.tail)
    detail = (
        f"{best.rate:.0f} requests a second ({best.clock_rate:.0f} by the clock), {CLIENTS} "
        f"clients, best of {ROUNDS} rounds"
    )
    return [
        {
            "what": "server's requests a second, of what decoding and bare LiteRT reach in a loop",
            "measured": best.rate / max(bare),
            "at_least": 0.6,
            "detail": f"{detail}, against {max(bare):.0f} in the loop",
        },
        {
            "what": "server under load, 99th percentile of latency over the median",
            "measured": calm.tail,
            "at_most": 5,
            "detail": f"median {1000 * np.median(calm.latencies):.1f} ms, best of {ROUNDS} rounds",
        },
        {
            "what": "server's requests a second, times those of Flask with Keras model.predict",
            "measured": best.rate / slow,
            "at_least": 10,
            "detail": f"network C: {best.rate:.0f} against {slow:.1f}, the same core and film",
        },
    ]


def pinned_server(outputs: Path) -> contextlib.AbstractContextManager:
    """The server on its one core."""
    return running(outputs, "--rate", "10000000", before=("taskset", "-c", SERVER_CORE))


@contextlib.contextmanager
def flask_page(outputs: Path) -> Iterator[tuple[str, int]]:
    """The page of A, C and D on the same core; its address and process."""
    command = ["taskset", "-c", SERVER_CORE, sys.executable, "-m", "tests.benchmarks.flask_page"]
    model, uploads = outputs / "small/model/model.keras", outputs / "uploads"
    uploads.mkdir(exist_ok=True)
    with subprocess.Popen(
        [*command, str(model), str(uploads)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid
        finally:
            process.terminate()


def bare_loop(outputs: Path, film: bytes) -> float:
    """Films a second that decoding and LiteRT alone reach on the server's core."""
    code = (
        "import sys, time; from helpers.data.images import decode_film, prepare_film\n"
        "from pathlib import Path; from helpers.model.engines import LightEngine\n"
        "engine, film = LightEngine(Path(sys.argv[1]), 1), sys.stdin.buffer.read()\n"
        "def once():\n"
        f"    pixels = prepare_film(decode_film(film).pixels, {SIZE})\n"
        "    engine(pixels[None, ..., None].astype('float32'))\n"
        "once(); begun, used, count = time.perf_counter(), time.process_time(), 0\n"
        f"while time.perf_counter() - begun < {SECONDS}:\n"
        "    once(); count += 1\n"
        "print(count / (time.process_time() - used))"
    )
    model = outputs / "small/model/model.tflite"
    command = ["taskset", "-c", SERVER_CORE, sys.executable, "-c", code, str(model)]
    return float(subprocess.run(command, input=film, capture_output=True, check=True).stdout)


def load(url: str, process: int, path: str, film: bytes) -> Load:
    """One round of all clients."""
    used, begun = core_seconds(process), time.perf_counter()
    latencies = asyncio.run(send_until(url, path, film, CLIENTS, SECONDS))
    return Load(latencies, time.perf_counter() - begun, core_seconds(process) - used)


def core_seconds(process: int) -> float:
    """The time of a core that a process has used so far, its own and the system's for it."""
    times = psutil.Process(process).cpu_times()
    return times.user + times.system


async def send_until(url: str, path: str, film: bytes, clients: int, seconds: float) -> list[float]:
    """Seconds of each request of clients that go on for `seconds` (0: one request each)."""
    port, request, latencies = int(url.rpartition(":")[2]), form(path, film), []
    begun = time.perf_counter()

    async def client() -> None:
        line = None
        while True:
            sent = time.perf_counter()
            line = line or await asyncio.open_connection("127.0.0.1", port)
            line[1].write(request)
            keep = await answer(line[0])
            latencies.append(time.perf_counter() - sent)
            if not keep:
                line[1].close()
                line = None
            if time.perf_counter() - begun >= seconds:
                break
        if line:
            line[1].close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return latencies


def form(path: str, film: bytes) -> bytes:
    """The whole upload as bytes, so that the client costs next to nothing."""
    head = 'Content-Disposition: form-data; name="films"; filename="film.jpg"'
    body = f"--b\r\n{head}\r\nContent-Type: image/jpeg\r\n\r\n".encode() + film + b"\r\n--b--\r\n"
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: multipart/form-data; boundary=b",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def answer(reader: asyncio.StreamReader) -> bool:
    """Read one answer to its end; whether the connection can be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if " 200 " not in head.partition("\r\n")[0]:
        raise RuntimeError(f"the server said: {head}")
    await reader.readexactly(int(re.search(r"content-length: (\d+)", head)[1]))
    return "connection: close" not in head


def peak_memory(process: int) -> float:
    """Megabytes that the process has held at most."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024
    return psutil.Process(process).memory_info().rss / 2**20
