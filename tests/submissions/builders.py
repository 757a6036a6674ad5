"""Submissions as students hand them in: everything right, half done, wrong in a usual way."""

from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.suite.exercises.sources import (
    ANSWER,
    Stamp,
    instructor_notebook,
    source_notebooks,
    student_notebook,
    tags,
)
from tests.submissions.mistakes import MISTAKES

STAMP = Stamp("test", "student", 0)
LIGHT = ("01_ingest", "02_visualize", "03_preprocess", "05_evaluate", "06_predict")


def solutions(name: str) -> dict[str, str]:
    """Cell id -> solution, of every answer cell of one notebook."""
    notebook = instructor_notebook(_source(name), STAMP)
    return {cell.id: cell.source for cell in answer_cells(notebook)}


def untouched(name: str, stamp: Stamp = STAMP) -> NotebookNode:
    """The notebook as it was handed out."""
    return student_notebook(_source(name), stamp)


def answered(name: str, answers: Mapping[str, str], stamp: Stamp = STAMP) -> NotebookNode:
    """The notebook with `answers` (cell id -> source) written into it."""
    notebook = untouched(name, stamp)
    unknown = set(answers) - {cell.id for cell in answer_cells(notebook)}
    assert not unknown, f"{name} has no answer cell {unknown}"
    for cell in answer_cells(notebook):
        cell.source = answers.get(cell.id, cell.source)
    return notebook


def correct(name: str, stamp: Stamp = STAMP) -> NotebookNode:
    """Every task solved."""
    return answered(name, solutions(name), stamp)


def half_done(name: str, stamp: Stamp = STAMP) -> NotebookNode:
    """The first half of the tasks solved, the others as they were handed out."""
    solved = solutions(name)
    first = list(solved)[: len(solved) // 2]
    return answered(name, {cell: solved[cell] for cell in first}, stamp)


def wrong(name: str, stamp: Stamp = STAMP) -> NotebookNode:
    """Every task answered with the mistake that people make."""
    return answered(name, MISTAKES[name], stamp)


def write_submission(
    folder: Path, make: Callable[..., NotebookNode], *names: str, stamp: Stamp = STAMP
) -> Path:
    """A student's folder with the notebooks `names` (all by default), made by `make`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or [path.stem for path in source_notebooks()]:
        nbformat.write(make(name, stamp), folder / f"{name}.ipynb")
    return folder


def answer_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells that are the student's."""
    return [cell for cell in notebook.cells if ANSWER in tags(cell)]


def _source(name: str) -> Path:
    return next(path for path in source_notebooks() if path.stem == name)
