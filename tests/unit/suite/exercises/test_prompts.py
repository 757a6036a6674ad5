"""Prompts: a solution leaves nothing behind but the names that others need."""

import pytest

from helpers.core.errors import SuiteError
from helpers.suite.exercises.prompts import (
    OPEN_PROMPT,
    PROMPT,
    given,
    names_read,
    prompted,
    solved,
)

CELL = """import numpy as np
### BEGIN SOLUTION
secret = 41
share: float = secret / 100
### END SOLUTION
print("given")"""


def test_the_prompt_names_what_other_cells_read_and_nothing_else() -> None:
    assert prompted(CELL, {"share"}) == (
        f'import numpy as np\n{PROMPT}\nshare = ...\nprint("given")'
    )


def test_what_stands_around_the_region_is_given() -> None:
    assert "print" in given(CELL) and "secret" not in given(CELL)


def test_the_instructor_gets_the_solution_without_the_markers() -> None:
    assert solved(CELL) == CELL.replace("### BEGIN SOLUTION\n", "").replace(
        "### END SOLUTION\n", ""
    )


def test_a_name_stands_once_and_a_cell_s_own_names_do_not_stand_at_all() -> None:
    solution = "rows = [film for film in stack]\nrows = rows[1:]\na, (b, c) = rows\nc[0] = 1"
    cell = f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
    assert prompted(cell, {"rows", "film", "a", "c"}).splitlines() == [
        PROMPT,
        "rows = ...",
        "a = ...",
        "c = ...",
    ]


def test_a_function_keeps_signature_and_docstring() -> None:
    function = 'def window(film: list, low: int = 2) -> list:\n    """Stretch."""\n    return film'
    prompt = prompted(f"### BEGIN SOLUTION\n{function}\n### END SOLUTION", {"window"})
    assert prompt.rstrip() == (
        f'{PROMPT}\ndef window(film: list, low: int=2) -> list:\n    """Stretch."""\n    ...'
    )


def test_where_nothing_is_needed_the_cell_is_open() -> None:
    assert prompted("### BEGIN SOLUTION\nprint(1)\n### END SOLUTION", set()) == OPEN_PROMPT


@pytest.mark.parametrize(
    "cell",
    [
        "### BEGIN SOLUTION\nanswer = 42",
        "answer = 42\n### END SOLUTION",
        "### END SOLUTION\nanswer = 42\n### BEGIN SOLUTION",
        "if True:\n    ### BEGIN SOLUTION\n    answer = 42\n    ### END SOLUTION",
        "# begin: BEGIN SOLUTION\nanswer = 42",
    ],
)
def test_a_marker_without_a_partner_lets_no_solution_through(cell: str) -> None:
    for make in (solved, given, lambda text: prompted(text, {"answer"})):
        with pytest.raises(SuiteError, match="no partner"):
            make(cell)


def test_names_that_are_read_are_told_from_names_that_are_set() -> None:
    assert names_read(["keep('x', share, lambda rows: rows > limit)", "other = 1"]) == {
        "keep",
        "share",
        "rows",
        "limit",
    }
