"""Ingest against system A's loop: large films, small films far away, a second time, and memory."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import cv2
import numpy as np

from helpers.data import local_s3, storage
from helpers.data.ingest import IngestSummary, fetch_films
from helpers.data.phantoms import encode_png, generate_collection

BUCKET = "bench-films"
DRAWN = 20  # films drawn by the phantoms; the others are the same pixels in files of their own
LARGE, SMALL = 1_000, 1_124  # films; the second is the size of Ozturk's collection
LATENCY = 0.030  # seconds that the proxy adds to each request
MEMORY_FILMS = (300, 3_000)
REPEATS = 3


def run() -> list[dict]:
    """The four ratios of ingest; the films of each are in the store before it is timed."""
    storage.ensure_bucket(BUCKET)
    stock("large", LARGE, 1024, ".png")
    return [*large_films(), far_away(), flat_memory()]


def large_films() -> list[dict]:
    """Large PNG films: most of the time goes into decoding them."""
    slow, fast = [], []
    for _ in range(REPEATS):  # in turn, so that what else the machine does falls on both
        slow.append(seconds(lambda: system_a_loop("large")))
        forget_films()
        fast.append(seconds(lambda: ingest("large")))
    again = seconds(lambda: ingest("large"))
    row = compared("1024x1024 PNG films", min(slow), min(fast), LARGE, at_least=1.5)
    second = {
        "what": "films fetched by a second ingest",
        "measured": ingest("large").fetched,
        "unit": "films",
        "at_most": 0,
        "detail": f"{LARGE:,} films in {again:.2f} s, all of them checked again",
    }
    return [row, second]


def far_away() -> dict:
    """Small films behind a slow line: most of the time goes into waiting."""
    copy_small_films()
    with slow_line() as endpoint, variables(local_s3.start().environment() | endpoint):
        slow = seconds(lambda: system_a_loop("small"))
        fast = []
        for _ in range(REPEATS):
            forget_films()
            fast.append(seconds(lambda: ingest("small")))
    what = f"small films, {LATENCY * 1000:.0f} ms a request"
    return compared(what, slow, min(fast), SMALL, at_least=10)


def flat_memory() -> dict:
    """Peak memory of an ingest of many films over that of few, each in a process of its own."""
    code = (
        "import re, sys; from pathlib import Path; from helpers.data import storage; "
        "from helpers.data.ingest import fetch_films; name = sys.argv[1]; "
        f"all(True for _ in fetch_films(storage.list_objects({BUCKET!r}, name), {BUCKET!r})); "
        # Not ru_maxrss: a new process starts with its parent's.
        "status = Path('/proc/self/status').read_text(); "
        "print(int(re.search(r'VmHWM:\\s+(\\d+) kB', status)[1]) / 1024)"
    )
    peaks = []
    for films in MEMORY_FILMS:
        stock(f"memory-{films}", films, 512, ".png")
        command = [sys.executable, "-c", code, f"memory-{films}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(float(said.stdout))
    few, many = MEMORY_FILMS
    return {
        "what": f"peak memory of ingest, {many:,} films over {few:,}",
        "measured": peaks[1] / peaks[0],
        "at_most": 1.2,
        "detail": f"512x512 PNG: {peaks[1]:.0f} MB against {peaks[0]:.0f} MB",
    }


def compared(what: str, slow: float, fast: float, films: int, at_least: float) -> dict:
    """One row: how many times faster than system A's loop."""
    return {
        "what": f"ingest of {what}, times faster than system A's loop",
        "measured": slow / fast,
        "at_least": at_least,
        "detail": f"{films:,} films: {fast:.2f} s against {slow:.2f} s; ours also verifies and "
        "keeps the films",
    }


def system_a_loop(prefix: str) -> np.ndarray:
    """Report A: get one after the other, decode, grey, 100x100, /255, all in memory.

    (Listed in pages here; A itself stops silently at 1,000 objects.)
    """
    s3 = boto3.client("s3", **client_settings())
    stack = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/"):
        for entry in page["Contents"]:
            data = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
            film = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            stack.append(cv2.resize(cv2.cvtColor(film, cv2.COLOR_BGR2GRAY), (100, 100)))
    return np.array(stack) / 255


def client_settings() -> dict:
    """The store in use, for a client of nobody's making but boto3's."""
    environment = local_s3.start().environment() | os.environ
    return {
        "endpoint_url": environment["AWS_ENDPOINT_URL"],
        "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        "region_name": environment["AWS_DEFAULT_REGION"],
    }


def ingest(prefix: str) -> IngestSummary:
    """The suite's ingest of one folder of the bucket."""
    summary = IngestSummary()
    films = fetch_films(storage.list_objects(BUCKET, prefix), BUCKET, summary=summary)
    assert all(film.status == "used" for film in films)
    return summary


def stock(name: str, films: int, size: int, ending: str) -> None:
    """Put `films` generated films of `size` pixels into the bucket, each with its own bytes."""
    folder = local_s3.buckets_folder() / BUCKET / name
    folder.mkdir()
    drawn = [film.pixels for film in generate_collection(DRAWN, seed=0, size=size)]
    encoded = [
        encode_png(pixels) if ending == ".png" else cv2.imencode(ending, pixels)[1].tobytes()
        for pixels in drawn
    ]
    for number in range(films):
        # What follows the end of a picture is ignored by decoders, and is other content.
        data = encoded[number % DRAWN] + number.to_bytes(4, "big")
        (folder / f"{number:05}{ending}").write_bytes(data)


def copy_small_films() -> None:
    """Ozturk's real films where there are any, else as many generated ones of that size."""
    real = Path(os.environ.get("CXR_FILMS", "")) / "ozturk"
    if real.is_dir():
        shutil.copytree(real, local_s3.buckets_folder() / BUCKET / "small")
    else:
        stock("small", SMALL, 256, ".jpg")


def forget_films() -> None:
    """Empty the local film library, so that the next ingest is a first one."""
    shutil.rmtree(local_s3.buckets_folder().parent / ".films", ignore_errors=True)


def seconds(action: Callable[[], object]) -> float:
    """How long one call takes by the clock on the wall."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


@contextlib.contextmanager
def variables(values: dict[str, str]) -> Iterator[None]:
    """Environment variables for the length of a block."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def slow_line() -> Iterator[dict[str, str]]:
    """A proxy process before the store; yields the variable that points to it."""
    port = local_s3.start().endpoint.rpartition(":")[2]
    proxy = subprocess.Popen([sys.executable, __file__, port], stdout=subprocess.PIPE, text=True)
    try:
        assert proxy.stdout
        yield {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{int(proxy.stdout.readline())}"}
    finally:
        proxy.terminate()
        proxy.wait()


async def serve_slow_line(port: int) -> None:
    """Pass bytes on to `port`, each piece of a request LATENCY later."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(2**16):
                await asyncio.sleep(wait)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        store_reader, store_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, store_writer, LATENCY), pump(store_reader, writer, 0))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve_slow_line(int(sys.argv[1])))
