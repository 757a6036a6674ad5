"""From what was seen of a cell to its status, and from its cells to a notebook's status."""

import signal
from collections.abc import Iterable

from helpers.suite.grading.confinement.limits import MEBIBYTE, Limits
from helpers.suite.grading.confinement.outcome import CellRun, Status

# Resident memory this near to its limit when Linux killed a process: it was memory that ran out.
_NEARLY_ALL = 0.8
# An error's name and how its text begins (the system's error numbers are the same everywhere).
_ERRORS = (
    ("SystemExit", "", Status.SYS_EXIT),
    ("StdinNotImplementedError", "", Status.ASKED_FOR_INPUT),
    ("EOFError", "EOF when reading", Status.ASKED_FOR_INPUT),
    ("MemoryError", "", Status.OUT_OF_MEMORY),
    ("_ArrayMemoryError", "", Status.OUT_OF_MEMORY),
    ("BlockingIOError", "[Errno 11]", Status.TOO_MANY_PROCESSES),
    ("RuntimeError", "can't start new thread", Status.TOO_MANY_PROCESSES),
    ("OSError", "[Errno 27]", Status.TOO_MUCH_WRITTEN),
    ("OSError", "[Errno 28]", Status.TOO_MUCH_WRITTEN),
)


def status_of_error(name: str, text: str, *, check: bool) -> Status:
    """Status of a cell that raised; `check` tells that it is one of our self-checks."""
    for known, beginning, status in _ERRORS:
        if name == known and text.startswith(beginning):
            return status
    return Status.FAILED_CHECK if check else Status.RAISED


def status_of_end(code: int | None, peak_bytes: int, limits: Limits) -> Status:
    """Status of the cell during which the kernel ended with exit code (or minus signal) `code`."""
    if code is not None and code >= 0:
        return Status.HARD_EXIT
    if code == -signal.SIGKILL and peak_bytes > _NEARLY_ALL * limits.memory_bytes:
        return Status.OUT_OF_MEMORY
    return Status.KERNEL_KILLED


def words_of_end(code: int | None) -> str:
    """How a kernel ended, for the reason."""
    if code is None:
        return "it no longer answered"
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def gravest(statuses: Iterable[Status]) -> Status:
    """The status that says most about the whole: the first of the worst kind there is."""
    return max(statuses, key=_gravity, default=Status.PASSED)


def _gravity(status: Status) -> int:
    """An error leaves the other cells running, the rest ends the notebook or never began it."""
    order = (Status.PASSED, Status.NOT_RUN, Status.FAILED_CHECK, Status.RAISED)
    return order.index(status) if status in order else len(order)


def explain(run: CellRun, limits: Limits) -> str:
    """Why a cell did not pass, in one sentence that names it."""
    if run.status in (Status.RAISED, Status.FAILED_CHECK):
        return f"Cell {run.id}: {run.error_name}: {_one_line(run.error_text)}"
    limit = _LIMITS.get(run.status, lambda limits: "")(limits)
    detail = limit or _one_line(run.error_text)
    return f"Cell {run.id}: {run.status.sentence[:-1]}{f' ({detail})' if detail else ''}."


_LIMITS = {
    Status.CELL_TIMEOUT: lambda limits: f"{limits.cell_seconds:g} s",
    Status.TOTAL_TIMEOUT: lambda limits: f"{limits.total_seconds:g} s",
    Status.OUT_OF_MEMORY: lambda limits: f"{limits.memory_bytes // MEBIBYTE} MB",
    Status.TOO_MUCH_OUTPUT: lambda limits: f"{limits.output_bytes // MEBIBYTE} MB",
    Status.TOO_MUCH_WRITTEN: lambda limits: (
        f"{limits.written_bytes // MEBIBYTE} MB or {limits.files} files"
    ),
    Status.TOO_MANY_PROCESSES: lambda limits: f"{limits.processes}",
}


def _one_line(text: str) -> str:
    """The first 300 letters of a text, as one line."""
    return " ".join(text.split())[:300]
