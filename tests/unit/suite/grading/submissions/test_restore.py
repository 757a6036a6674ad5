"""Instructor's cells are put back by cell id; the student's stay; every edit is reported."""

import copy
from pathlib import Path

import nbformat
import pytest

from helpers.suite.exercises.sources import read_source
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.submissions.restore import Restored, restore
from helpers.suite.grading.submissions.submitted import UnfitNotebookError
from tests.unit.suite.grading.small_class import NOTEBOOK, hand_in, handed_out, solved, write_class


@pytest.fixture(scope="module")
def rubric(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_class(tmp_path_factory.mktemp("class"))


def put_back(rubric: Path, folder: Path, notebook) -> Restored:
    path = hand_in(folder, "ann", notebook)
    return restore(path, read_source(rubric.parent / f"{NOTEBOOK}.ipynb"))


def cell(notebook, name: str):
    return next(one for one in notebook["cells"] if one["id"] == name)


def sources(restored: Restored) -> dict[str, str]:
    return {one.id: one.source for one in restored.notebook.cells}


def test_answers_are_the_students_and_nothing_is_reported(rubric: Path, tmp_path: Path) -> None:
    found = put_back(rubric, tmp_path, solved(rubric, total="total = 7  # mine"))
    assert sources(found)["01-total"] == "total = 7  # mine"
    assert found.edits == ()
    assert set(found.own_cells) == {"01-total", "01-mean", "01-words"}
    nbformat.validate(found.notebook)


def test_the_masters_solutions_never_help(rubric: Path, tmp_path: Path) -> None:
    notebook = handed_out(rubric)
    notebook["cells"] = [one for one in notebook["cells"] if one["id"] != "01-total"]
    found = put_back(rubric, tmp_path, notebook)
    assert sources(found)["01-total"] == ""
    assert "sum(numbers)" not in str(found.notebook)
    assert [edit.what for edit in found.edits] == ["deleted"]


def test_a_changed_cell_is_put_back_with_the_difference(rubric: Path, tmp_path: Path) -> None:
    notebook = solved(rubric)
    cell(notebook, "01-02")["source"] = 'keep("01_total", 42)'
    found = put_back(rubric, tmp_path, notebook)
    assert sources(found)["01-02"] == 'keep("01_total", total)'
    (edit,) = found.edits
    assert (edit.cell, edit.what) == ("01-02", "changed")
    assert '+keep("01_total", 42)' in edit.difference


def test_a_deleted_cell_comes_back_in_its_place(rubric: Path, tmp_path: Path) -> None:
    notebook = solved(rubric)
    notebook["cells"] = [one for one in notebook["cells"] if one["id"] != "01-01"]
    found = put_back(rubric, tmp_path, notebook)
    assert list(sources(found))[1] == "01-01"
    assert found.edits[0].sentence == "The instructor's cell 01-01 was deleted."


def test_moved_cells_run_in_the_old_order(rubric: Path, tmp_path: Path) -> None:
    notebook = solved(rubric)
    notebook["cells"].reverse()
    found = put_back(rubric, tmp_path, notebook)
    assert list(sources(found)) == [one["id"] for one in handed_out(rubric)["cells"]]
    assert [edit.what for edit in found.edits] == ["moved"]


def test_cells_of_their_own_stay_where_they_stood(rubric: Path, tmp_path: Path) -> None:
    notebook = solved(rubric)
    extra = copy.deepcopy(cell(notebook, "01-02"))
    extra |= {"id": "mine", "source": "x = 1", "metadata": {"tags": ["parameters"]}}
    notebook["cells"].insert(3, extra)
    found = put_back(rubric, tmp_path, notebook)
    assert list(sources(found))[3] == "mine"
    assert found.own_cells["mine"] == "x = 1"
    assert found.notebook.cells[3].metadata == {}
    assert found.edits == ()


def test_parameters_are_filled_in_anew_without_a_word(rubric: Path, tmp_path: Path) -> None:
    notebook = solved(rubric)
    cell(notebook, "01-00")["source"] = 'student = "somebody"\nseed = 99'
    found = put_back(rubric, tmp_path, notebook)
    assert "99" not in sources(found)["01-00"]
    assert found.edits == ()


def test_outputs_and_metadata_of_the_file_are_dropped(rubric: Path, tmp_path: Path) -> None:
    notebook = solved(rubric)
    notebook["metadata"]["widgets"] = {"state": "x" * 1000}
    cell(notebook, "01-04")["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "three numbers\n"}
    ]
    found = put_back(rubric, tmp_path, notebook)
    assert "widgets" not in found.notebook.metadata
    assert all(not one.get("outputs") for one in found.notebook.cells)


def test_an_editor_that_throws_ids_away_costs_nothing(rubric: Path, tmp_path: Path) -> None:
    notebook = solved(rubric)
    for one in notebook["cells"]:
        del one["id"]
    notebook["nbformat_minor"] = 4
    found = put_back(rubric, tmp_path, notebook)
    assert sources(found)["01-total"] == "total = sum(numbers)"
    assert found.edits == ()


def test_what_cannot_be_run_says_why(rubric: Path, tmp_path: Path) -> None:
    def status(change) -> Status:
        notebook = solved(rubric)
        with pytest.raises(UnfitNotebookError) as caught:
            put_back(rubric, tmp_path, change(notebook))
        assert str(caught.value)
        return caught.value.status

    def twice(notebook):
        cell(notebook, "01-01")["id"] = "01-02"
        return notebook

    def untagged(notebook):
        cell(notebook, "01-00")["metadata"] = {}
        return notebook

    def foreign(notebook):
        notebook["metadata"]["kernelspec"] = {"name": "ir", "language": "R", "display_name": "R"}
        return notebook

    assert status(lambda notebook: b"") == Status.UNREADABLE_NOTEBOOK
    assert status(lambda notebook: b"{'no': 'json'") == Status.UNREADABLE_NOTEBOOK
    assert status(lambda notebook: b"[" * 100_000) == Status.UNREADABLE_NOTEBOOK
    assert status(lambda notebook: {"cells": 3}) == Status.UNREADABLE_NOTEBOOK
    assert status(twice) == Status.DUPLICATE_CELL_IDS
    assert status(untagged) == Status.NO_PARAMETERS_CELL
    assert status(foreign) == Status.FOREIGN_KERNEL
