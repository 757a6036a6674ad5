"""What was seen of a cell decides its status, and a sentence says it."""

import signal

import pytest

from helpers.suite.grading.confinement.limits import Limits
from helpers.suite.grading.confinement.outcome import CellRun, Status
from helpers.suite.grading.confinement.verdicts import (
    explain,
    gravest,
    status_of_end,
    status_of_error,
    words_of_end,
)

LIMITS = Limits(cell_seconds=30, memory_bytes=1000 * 2**20)


@pytest.mark.parametrize(
    ("name", "text", "status"),
    [
        ("ValueError", "shapes", Status.RAISED),
        ("SystemExit", "0", Status.SYS_EXIT),
        ("StdinNotImplementedError", "raw_input was called", Status.ASKED_FOR_INPUT),
        ("MemoryError", "", Status.OUT_OF_MEMORY),
        ("OSError", "[Errno 27] File too large", Status.TOO_MUCH_WRITTEN),
        ("OSError", "[Errno 5] Input/output error", Status.RAISED),
        ("RuntimeError", "can't start new thread", Status.TOO_MANY_PROCESSES),
        ("RuntimeError", "other", Status.RAISED),
    ],
)
def test_errors_that_tell_of_a_limit_have_its_status(name: str, text: str, status: Status) -> None:
    assert status_of_error(name, text, check=False) is status


def test_an_error_in_a_self_check_is_a_failed_check() -> None:
    assert status_of_error("AssertionError", "too few", check=True) is Status.FAILED_CHECK
    assert status_of_error("SystemExit", "", check=True) is Status.SYS_EXIT


def test_an_end_is_told_by_its_code_and_by_memory() -> None:
    assert status_of_end(0, 0, LIMITS) is Status.HARD_EXIT
    assert status_of_end(-signal.SIGSEGV, 10**12, LIMITS) is Status.KERNEL_KILLED
    assert status_of_end(-signal.SIGKILL, 0, LIMITS) is Status.KERNEL_KILLED
    assert status_of_end(-signal.SIGKILL, 950 * 2**20, LIMITS) is Status.OUT_OF_MEMORY
    assert [words_of_end(code) for code in (3, -9, -64)] == ["exit code 3", "SIGKILL", "SIGRTMAX"]


def test_the_gravest_is_the_first_of_the_worst_kind() -> None:
    assert gravest([]) is Status.PASSED
    assert gravest([Status.PASSED, Status.RAISED, Status.FAILED_CHECK]) is Status.RAISED
    worst = [Status.RAISED, Status.SYS_EXIT, Status.CELL_TIMEOUT, Status.NOT_RUN]
    assert gravest(worst) is Status.SYS_EXIT


def test_a_reason_names_the_cell_the_error_or_the_limit() -> None:
    raised = CellRun("01-ab", Status.RAISED, 1.0, "ValueError", "one\ntwo")
    assert explain(raised, LIMITS) == "Cell 01-ab: ValueError: one two"
    slow = CellRun("01-ac", Status.CELL_TIMEOUT)
    assert explain(slow, LIMITS) == "Cell 01-ac: A cell took longer than one cell may (30 s)."
    big = CellRun("01-ad", Status.OUT_OF_MEMORY)
    assert "(1000 MB)" in explain(big, LIMITS)
