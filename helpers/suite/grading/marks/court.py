"""The process that judges answers: apart from the grader, limited in time and memory.

It stays for the next submission with the hidden tests loaded, and judges each in a fork of itself,
so that no submission pays for the start of Python and none finds what another left. Server side:
`python -m helpers.suite.grading.marks.court`, one line of JSON a job; client side: `Court`.
"""

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.core.errors import SuiteError
from helpers.core.runs import PROJECT
from helpers.suite.grading.marks.answers import Answers
from helpers.suite.grading.marks.judging import (
    BrokenTestError,
    TooSlowError,
    hidden_function,
    judge,
)

MEMORY = 4 << 30  # bytes of address space; no TensorFlow is loaded here
WRITTEN = 256 << 20
SPARE = 60.0  # seconds beyond those of the checks: start and loading
TOO_SLOW = "The check ran too long on this answer."


class Court:
    """The client's side: one server process, started when first asked, ended with its owner."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._one_at_a_time = threading.Lock()  # a cluster's worker may have several threads

    def judge(self, job: Mapping[str, Any], seconds: float) -> list[dict[str, Any]]:
        """One dictionary for each check judged, as far as the process got.

        job: `answers`, `hidden` (folders), `seed`, `seconds` (of one check) and `checks`. Raises
        SuiteError for a hidden test that is broken in itself.
        """
        with self._one_at_a_time:
            server = self._running()
            server.stdin.write(json.dumps(job).encode() + b"\n")
            server.stdin.flush()
            found = list(self._lines(server, time.monotonic() + seconds + SPARE))
        for line in found:
            if "broken" in line:
                raise SuiteError(f"A hidden test is broken: {line['broken']}.")
        return found

    def close(self) -> None:
        """End the server and what it may have started."""
        server, self._server, self._rest = self._server, None, b""
        if server:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.communicate()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._server is None or self._server.poll() is not None:
            self.close()
            self._server = subprocess.Popen(
                [sys.executable, "-m", "helpers.suite.grading.marks.court"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=PROJECT,
                start_new_session=True,
            )
        return self._server

    def _lines(self, server: "subprocess.Popen[bytes]", until: float) -> Iterator[dict[str, Any]]:
        """The lines of one job; a server that is silent too long or gone is closed."""
        while True:
            while b"\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\n")
                read = json.loads(line)
                if "end" in read:
                    return
                yield read
            ready, _, _ = select.select([server.stdout], [], [], max(0.0, until - time.monotonic()))
            more = os.read(server.stdout.fileno(), 1 << 16) if ready else b""
            if not more:
                self.close()
                return
            self._rest += more


def serve() -> None:
    """Read a job a line; load its hidden tests here, judge in a fork, end with a line `end`."""
    lines = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a hidden test prints is no verdict
    for text in sys.stdin:
        job = json.loads(text)
        try:
            for check in job["checks"]:
                hidden_function(check, Path(job["hidden"]))
        except BrokenTestError as error:
            _write(lines, {"broken": str(error)})
        else:
            _in_a_fork(job, lines)
        _write(lines, {"end": True})


def _in_a_fork(job: Mapping[str, Any], lines: int) -> None:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    with contextlib.suppress(BaseException):
        _limit()
        _judge_all(job, lines)
    os._exit(0)


def _judge_all(job: Mapping[str, Any], lines: int) -> None:
    answers, hidden = Answers(Path(job["answers"])), Path(job["hidden"])
    checks: Sequence[Mapping[str, Any]] = job["checks"]
    for check in checks:
        try:
            with _at_most(job["seconds"]):
                share, reason = judge(check, answers, job["seed"], hidden)
        except TooSlowError:
            share, reason = 0.0, TOO_SLOW
        except BrokenTestError as error:
            _write(lines, {"broken": str(error)})
            return
        _write(lines, {"id": check["id"], "share": share, "reason": reason})


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TooSlowError in the block after `seconds`, and again should a test swallow it."""

    def stop(*_: Any) -> None:
        raise TooSlowError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limit() -> None:
    for name, most in (("AS", MEMORY), ("FSIZE", WRITTEN), ("CORE", 0)):
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def _write(lines: int, value: Mapping[str, Any]) -> None:
    os.write(lines, json.dumps(value).encode() + b"\n")


if __name__ == "__main__":
    serve()
