"""The gradebook: a row for everyone on the roster, safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from helpers.core.runs import replacing
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.ledger import Ledger
from helpers.suite.grading.marks.mark import Mark, shown
from helpers.suite.grading.submissions.roster import Student

COLUMNS = ("student", "status", "score", "max_score", "reason", "seconds", "attempt")
# What a spreadsheet takes for the beginning of a formula, in narrow and in wide letters.
FORMULA = re.compile(r"^\s*[=+\-@\t\r\n＝＋－＠]")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
NOT_GRADED = "Not graded yet; run the same command again."


def marks_of(students: Iterable[Student], ledger: Ledger, max_score: float) -> Iterator[Mark]:
    """Everyone's mark as it counts, in order; who has none yet gets one that says so."""
    for student in students:
        mark = ledger.mark(student.student)
        yield mark or Mark(student.student, Status.NOT_RUN, 0.0, max_score, NOT_GRADED)


def write_gradebook(path: Path, marks: Iterable[Mark]) -> None:
    """Write gradebook.csv, the columns as in COLUMNS."""
    write_table(path, [COLUMNS, *(_row(mark) for mark in marks)])


def _row(mark: Mark) -> list[Any]:
    flagged = "".join(f" Flagged: {flag}" for flag in mark.flags)
    return [
        mark.student,
        str(mark.status),
        shown(mark.score),
        shown(mark.max_score),
        f"{mark.reason}{flagged}",
        f"{mark.seconds:.1f}",
        mark.attempt,
    ]


def write_table(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as CSV in UTF-8, every text defused."""
    write_rows(path, ([defused(cell) for cell in row] for row in rows))


def write_rows(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as CSV in UTF-8, as they are."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8", newline="")


def defused(cell: Any) -> Any:
    """Text that no spreadsheet runs: a sign that begins a formula gets an apostrophe before it."""
    if not isinstance(cell, str):
        return cell
    text = one_line(cell)  # first, since a sign that nobody sees may stand before the formula
    return f"'{text}" if FORMULA.match(text) or FORMULA.match(cell) else text


def one_line(text: str) -> str:
    """Text from outside on one line."""
    return " ".join(plain(text).split())


def plain(text: str) -> str:
    """Text from outside without control signs and signs that turn the direction of reading."""
    return CONTROLS.sub("", text)
