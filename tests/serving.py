"""What the tests and benchmarks of the server share: a small run, films, and a real server."""

import contextlib
import os
import re
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
CLASSES = ["COVID-19", "No finding", "Pneumonia"]


def make_run(outputs: Path, size: int = 32, architecture: str = "ten_conv_cnn") -> Path:
    """`outputs` with the run `small`: a light model of random weights, which answers anything."""
    from helpers.model.architectures import build
    from helpers.model.light import export_light

    export_light(build(architecture, CLASSES, size), outputs / "small/model", CLASSES, {})
    return outputs


def film_file(seed: int = 0, height: int = 90, width: int = 70, kind: str = ".png") -> bytes:
    """A picture file of smooth noise."""
    values = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    return cv2.imencode(kind, cv2.blur(values, (5, 5)))[1].tobytes()


def bomb() -> bytes:
    """A PNG of a few bytes whose header claims 10,000 million pixels."""
    data = bytearray(film_file(height=8, width=8))
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


@dataclass
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen
    url: str
    log: list[str]

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running(outputs: Path, *words: str, before: tuple[str, ...] = ()) -> Iterator[Server]:
    """`cxr serve --run small` at a free port, with more WORDS; stopped at the end.

    before: what stands before the command, such as ("taskset", "-c", "0").
    """
    command = [*before, sys.executable, "-m", "helpers", "serve", "--run", "small", "--port", "0"]
    process = subprocess.Popen(
        [*command, *words],
        cwd=PROJECT,
        env=os.environ | {"CXR_OUTPUTS": str(outputs), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log: list[str] = []
    try:
        first = process.stdout.readline()
        found = re.search(r"(https?://\S+?)/? \(", first)
        if not found:
            raise RuntimeError(f"the server did not start: {first}{process.stderr.read()}")
        threading.Thread(target=log.extend, args=(process.stderr,), daemon=True).start()
        yield Server(process, found[1], log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
