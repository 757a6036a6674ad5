"""One way to run many things at once: processes of this machine, or a Dask cluster by address.

Grading, batch prediction and preprocessing open one executor and hand it their items. What goes to
a worker (function, item) and what comes back is pickled, between processes of one owner only. On
a cluster, functions run in a thread of the worker, not in its main thread.
"""

import contextlib
import itertools
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from helpers.core.errors import SuiteError, UsageError
from helpers.core.machine import cores
from helpers.core.processes import LocalProcesses

VARIABLE = "CXR_EXECUTOR"
DASK = re.compile(r"dask://(?P<place>(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):\d{1,5})/?")
# So many items wait beside each worker: none is ever idle, and memory stays flat.
WAITING = 2

Item = TypeVar("Item")
Value = TypeVar("Value")


class Pool(Protocol):
    """A `concurrent.futures.Executor` that knows how many things it does at once."""

    workers: int

    def submit(self, function: Callable[..., Value], /, *args: Any, **kwargs: Any) -> Future[Value]:
        """Begin `function(*args, **kwargs)` on a worker."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let what is under way end and close; at once with `wait=False`."""


class Threads(ThreadPoolExecutor):
    """A pool of threads of this process, for work that mostly waits or lets go of Python's lock."""

    def __init__(self, workers: int):
        super().__init__(workers, "films")
        self.workers = workers


@dataclass(frozen=True)
class Outcome(Generic[Item, Value]):
    """One item after its turn: the function's value, or the error that stood in its way."""

    item: Item
    value: Value | None = None
    error: Exception | None = None

    def result(self) -> Value | None:
        """The value; raises the item's error."""
        if self.error:
            raise self.error
        return self.value


def where_to_run(where: str | int | None = None) -> str | int | None:
    """`where`, else the variable CXR_EXECUTOR: a number of processes, `dask://host:port` or None.

    Raises UsageError for anything else.
    """
    asked = str(where if where is not None else os.environ.get(VARIABLE, "")).strip()
    if not asked:
        return None
    if asked.isdecimal() and 0 < int(asked) <= 1024:
        return int(asked)
    if DASK.fullmatch(asked):
        return asked
    raise UsageError(
        f"'{asked}' is no executor: give a number of processes of this machine, or the address of "
        "a Dask scheduler such as dask://10.0.0.5:8786."
    )


@contextlib.contextmanager
def open_executor(
    where: str | int | None = None, shared: Path | None = None, *, short: bool = False
) -> Iterator[Pool]:
    """The executor for `where`, by default one process a core; closed at the end of the block.

    where: see `where_to_run`. shared: a folder that the work reads or writes; a cluster that does
    not see it is refused. short: work that is done before processes have started stays in threads
    of this one, unless `where` is said.
    Leaving the block by an error or Ctrl-C ends what is under way at once.
    Raises UsageError for an address that is none, SuiteError for one that does not answer.
    """
    executor = _open(where_to_run(where), shared, short)
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()


def _open(place: str | int | None, shared: Path | None, short: bool) -> Pool:
    if isinstance(place, str):  # the engine takes a second to import: local work need not wait
        from helpers.core.cluster import connect

        return connect(place, shared)
    if place is None and short:
        return Threads(cores())
    return LocalProcesses(place or cores())


def as_finished(
    pool: Pool,
    function: Callable[[Item], Value],
    items: Iterable[Item],
    in_flight: int | None = None,
) -> Iterator[Outcome[Item, Value]]:
    """`function` of each item on the pool's workers, each Outcome as soon as it is there.

    `items` is read only as far ahead as `in_flight` (by default a few for each worker), so it may
    be endless and memory stays flat. An item that fails or whose worker dies is an Outcome with
    its error; the others go on. Results that nobody asks for any more are cancelled.
    """
    most = in_flight or WAITING * pool.workers
    under_way: dict[Future[Value], Item] = {}
    try:
        for item in items:
            under_way[pool.submit(function, item)] = item
            if len(under_way) >= most:
                yield from _finished(under_way)
        while under_way:
            yield from _finished(under_way)
    finally:
        for future in under_way:
            future.cancel()


def _finished(under_way: dict[Future[Value], Item]) -> Iterator[Outcome[Item, Value]]:
    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
        yield outcome(under_way.pop(future), future)


def in_order(
    pool: Pool,
    function: Callable[[Item], Value],
    items: Iterable[Item],
    in_flight: int | None = None,
) -> Iterator[Outcome[Item, Value]]:
    """As `as_finished`, but each Outcome in the order of the items."""
    most = in_flight or WAITING * pool.workers
    under_way: deque[tuple[Item, Future[Value]]] = deque()
    try:
        for item in items:
            under_way.append((item, pool.submit(function, item)))
            if len(under_way) > most:
                yield outcome(*under_way.popleft())
        while under_way:
            yield outcome(*under_way.popleft())
    finally:
        for _, future in under_way:
            future.cancel()


def in_chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of at most `size` items: a task of one small item costs more to send than to do."""
    rest = iter(items)
    while chunk := list(itertools.islice(rest, size)):
        yield chunk


def outcome(item: Item, future: Future[Value]) -> Outcome[Item, Value]:
    """Wait for one future; its error, if any, in words that a user can read."""
    try:
        return Outcome(item, value=future.result())
    except CancelledError:
        return Outcome(item, error=SuiteError("The cluster gave the work up: start it again."))
    except Exception as error:
        # Not imported for its name alone: only a cluster's future ever raises it.
        if type(error).__name__ == "KilledWorker":
            error = SuiteError("Several workers of the cluster ended while they worked on this.")
        return Outcome(item, error=error)
