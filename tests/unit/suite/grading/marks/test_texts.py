"""Text outputs are compared by nbval's rules with the instructor's executed notebook."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from helpers.core.errors import SuiteError
from helpers.suite.grading.marks.texts import compare_text


def executed(path: Path, *outputs) -> Path:
    cell = new_code_cell("x", id="01-04", outputs=list(outputs), execution_count=1)
    nbformat.write(new_notebook(cells=[cell]), path)
    return path


def said(text: str, name: str = "stdout"):
    return new_output("stream", name=name, text=text)


def shown(text: str, **more: str):
    return new_output("execute_result", data={"text/plain": text} | more, execution_count=1)


def compared(folder: Path, ours, theirs, sanitize=None) -> tuple[float, str]:
    reference = executed(folder / "reference.ipynb", *ours)
    found = executed(folder / "found.ipynb", *theirs)
    return compare_text(found, reference, "01-04", sanitize or {})


def test_the_same_text_passes_in_however_many_pieces(tmp_path: Path) -> None:
    assert compared(tmp_path, [said("a\nb\n")], [said("a\n"), said("b\n")]) == (1.0, "")


def test_a_difference_shows_the_students_line_and_not_ours(tmp_path: Path) -> None:
    share, reason = compared(tmp_path, [said("a\nsecret\n")], [said("a\nwrong\n")])
    assert share == 0
    assert "wrong" in reason and "secret" not in reason


def test_stderr_and_pictures_do_not_count(tmp_path: Path) -> None:
    ours = [said("warning", "stderr"), shown("3", **{"image/png": "aaaa"})]
    theirs = [shown("3", **{"image/png": "bbbb"})]
    assert compared(tmp_path, ours, theirs)[0] == 1


def test_nothing_shown_is_not_the_same_as_something(tmp_path: Path) -> None:
    assert compared(tmp_path, [said("a\n")], [])[0] == 0
    assert compared(tmp_path, [], [said("a\n")])[0] == 0


def test_what_may_differ_is_named_by_a_pattern(tmp_path: Path) -> None:
    ours, theirs = [said("12 films\n")], [said("17 films\n")]
    assert compared(tmp_path, ours, theirs)[0] == 0
    assert compared(tmp_path, ours, theirs, {r"\d+": "N"})[0] == 1


def test_a_cell_that_did_not_run_has_no_text(tmp_path: Path) -> None:
    reference = executed(tmp_path / "reference.ipynb", said("a"))
    assert compare_text(tmp_path / "none.ipynb", reference, "01-04", {})[0] == 0


def test_a_reference_without_the_cell_is_the_instructors_to_mend(tmp_path: Path) -> None:
    found = executed(tmp_path / "found.ipynb", said("a"))
    with pytest.raises(SuiteError, match="no executed cell 01-99"):
        compare_text(found, found, "01-99", {})
