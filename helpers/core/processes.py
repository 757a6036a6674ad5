"""Worker processes of this machine as an executor that outlives any of them.

The standard library's pool breaks as a whole when one worker dies, and all that waits is lost. Here
each worker has a thread of ours that speaks to it alone: only the item at hand is lost, with the
reason, and the next item gets a new worker.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from helpers.core.errors import SuiteError

# A copy of this process (fork) would hold locks of threads that it does not have; TensorFlow,
# OpenCV and a notebook's kernel all have such threads.
CONTEXT = multiprocessing.get_context("spawn")
SECONDS_TO_LEAVE = 20  # a kernel that it runs is given some seconds, too
ASKED_TO_LEAVE = 128 + signal.SIGTERM  # the exit code, as shells count it


class LocalProcesses(ThreadPoolExecutor):
    """At most `workers` processes, each started when first needed and used again and again.

    Functions, arguments and results must be picklable; functions run in the worker's main thread.
    """

    def __init__(self, workers: int):
        super().__init__(workers, "worker")
        self.workers = workers
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._ended = False

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """Begin `function(*args, **kwargs)` in a worker; SuiteError if the worker dies of it."""
        return super().submit(self._run, function, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers: after their work, or at once with `wait=False`."""
        if wait:
            super().shutdown(cancel_futures=cancel_futures)
        else:
            super().shutdown(wait=False, cancel_futures=True)
        self._ended = True
        workers = list(self._all)
        for worker in workers:  # all at once: one with large libraries takes a second to leave
            worker.process.terminate()
        for worker in workers:
            worker.end()

    def _run(self, *call: Any) -> Any:
        worker = self._idle.pop() if self._idle else self._start()
        try:
            return worker.run(call)
        finally:
            (self._idle.append if worker.alive else self._all.discard)(worker)

    def _start(self) -> "_Worker":
        worker = _Worker()
        self._all.add(worker)
        if self._ended:  # in the moment in which the process was started
            worker.end()
        return worker


class _Worker:
    """One process and the pipe to it."""

    def __init__(self) -> None:
        self.pipe, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=_serve, args=(theirs,), name="cxr-worker")
        self.process.start()
        theirs.close()
        self.alive = True

    def run(self, call: tuple) -> Any:
        """The value of one call; raises what it raised, or SuiteError when the process died."""
        packed = pickle.dumps(call)
        try:
            self.pipe.send_bytes(packed)
            answer = self.pipe.recv_bytes()
        except (EOFError, OSError):
            self.end()
            self.pipe.close()
            raise SuiteError(_cause_of_death(self.process.exitcode)) from None
        value, error = pickle.loads(answer)  # noqa: S301 - written by our own worker
        if error is not None:
            raise error
        return value

    def end(self) -> None:
        """Ask the process to leave, and see that it does."""
        self.alive = False
        self.process.terminate()
        self.process.join(SECONDS_TO_LEAVE)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()


def _cause_of_death(code: int | None) -> str:
    if code in (ASKED_TO_LEAVE, -signal.SIGTERM):
        return "The worker process was ended before it was done."
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        often = " (often the system does so when memory runs out)" if name == "SIGKILL" else ""
        return f"The worker process was ended by {name}{often}."
    return f"The worker process ended before it was done (exit code {code})."


def _serve(pipe: Connection) -> None:
    """A worker's life: call after call, until the pipe closes or the parent is gone."""
    # Ctrl-C goes to all processes of a terminal; the parent decides. Not SIG_IGN, which programs
    # started from here would inherit. The end comes as SystemExit, so that `finally` is honoured.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send_bytes(_answer(pipe.recv_bytes()))


def _leave(*_: Any) -> None:
    """Leave once: a second signal must not break into what tidies up after the first."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    sys.exit(ASKED_TO_LEAVE)


def _leave_with_parent() -> None:
    """A parent that was killed can close nothing: watch for it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _answer(packed: bytes) -> bytes:
    """The pickled (value, error) of one pickled call."""
    try:
        function, args, kwargs = pickle.loads(packed)  # noqa: S301 - written by our own parent
        return pickle.dumps((function(*args, **kwargs), None))
    except Exception as error:
        error.add_note("In the worker process:\n" + traceback.format_exc())
        return _packed_error(error)


def _packed_error(error: Exception) -> bytes:
    """(None, error), or the error's words alone where it cannot travel."""
    try:
        packed = pickle.dumps((None, error))
        pickle.loads(packed)  # noqa: S301 - our own error, tried here lest it fails over there
    except Exception:
        packed = pickle.dumps((None, SuiteError(f"{type(error).__name__}: {error}")))
    return packed
