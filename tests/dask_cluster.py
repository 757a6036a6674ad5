"""A Dask scheduler and its workers, started for a test as a user starts them."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from distributed import Client


class LocalCluster:
    """A scheduler and its workers as a user starts them: commands of their own."""

    def __init__(self, folder: Path, workers: int, **environment: str):
        self.folder, self.environment = folder, os.environ | environment
        self.port = free_port()
        self.address = f"dask://127.0.0.1:{self.port}"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"
        )
        self.workers = [self.worker(number) for number in range(workers)]

    def worker(self, number: int, **environment: str) -> subprocess.Popen:
        words = ["worker", f"tcp://127.0.0.1:{self.port}", "--nthreads", "1", "--no-nanny"]
        words += ["--no-dashboard", "--local-directory", str(self.folder / str(number))]
        return self._start(*words, **environment)

    def _start(self, *words: str, **environment: str) -> subprocess.Popen:
        with (self.folder / "cluster.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=self.folder,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def started(folder: Path, workers: int, **environment: str) -> Iterator[LocalCluster]:
    running = LocalCluster(folder, workers, **environment)
    try:
        yield running
    finally:
        running.stop()


def wait_for_workers(running: LocalCluster, count: int) -> None:
    with Client(running.address.replace("dask", "tcp"), set_as_default=False) as client:
        client.wait_for_workers(count, timeout=30)
