"""The gradebook: exact columns, a row for everyone, nothing that a spreadsheet would run."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.ledger import Ledger
from helpers.suite.grading.marks.mark import Mark
from helpers.suite.grading.results.gradebook import defused, marks_of, write_gradebook
from helpers.suite.grading.submissions.roster import Student


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_columns_are_those_promised(tmp_path: Path) -> None:
    mark = Mark("ann", Status.PASSED, 9.5, 10, "All checks passed.", seconds=3.14, attempt=2)
    write_gradebook(tmp_path / "gradebook.csv", [mark])
    head, row = rows(tmp_path / "gradebook.csv")
    assert head == ["student", "status", "score", "max_score", "reason", "seconds", "attempt"]
    assert row == ["ann", "passed", "9.5", "10", "All checks passed.", "3.1", "2"]


def test_who_has_no_mark_yet_has_a_row_that_says_so(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    (mark,) = marks_of([Student("ann")], ledger, 10)
    assert (mark.status, mark.score, mark.max_score) == (Status.NOT_RUN, 0, 10)
    assert "Not graded yet" in mark.reason


def test_flags_stand_in_the_reason(tmp_path: Path) -> None:
    mark = Mark("ann", Status.PASSED, 1, 1, "Fine.", flags=("It tried to open rubric.yml.",))
    write_gradebook(tmp_path / "g.csv", [mark])
    assert rows(tmp_path / "g.csv")[1][4] == "Fine. Flagged: It tried to open rubric.yml."


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "＝1",
        "\x00=1",
        "\u202e=1",
        "=cmd|' /C calc'!A0",
    ],
)
def test_what_a_spreadsheet_would_run_is_defused(cell: str) -> None:
    assert defused(cell).startswith("'")


@given(st.text(max_size=80))
def test_no_text_begins_a_formula_or_a_line(cell: str) -> None:
    found = defused(cell)
    assert found.lstrip()[:1] not in tuple("=+-@＝＋－＠")
    assert not set(found) & set("\r\n\t\0")


def test_words_that_are_harmless_stay() -> None:
    assert defused("Zoë said: 1 = 1") == "Zoë said: 1 = 1"
    assert defused(3) == 3


def test_a_reason_with_commas_quotes_and_lines_is_one_cell(tmp_path: Path) -> None:
    mark = Mark("=ann", Status.RAISED, 0, 1, 'He said "a, b"\nand =went\u202e on')
    write_gradebook(tmp_path / "g.csv", [mark])
    assert rows(tmp_path / "g.csv")[1][0] == "'=ann"
    assert rows(tmp_path / "g.csv")[1][4] == 'He said "a, b" and =went on'
