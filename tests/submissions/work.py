"""Works a notebook through in this process, and judges what it left, without starting a kernel."""

import ast
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from helpers.suite.exercises.sources import RUBRIC, SOURCE
from helpers.suite.grading.marks.answers import Answers
from helpers.suite.grading.marks.judging import judge
from helpers.suite.grading.marks.rubric import read_rubric

JUDGED = ("hidden", "value", "floor")


def work(notebook: NotebookNode, folder: Path) -> dict[str, Any]:
    """Cell id -> what the cell showed, or the error it raised; the answers are left in `folder`."""
    space: dict[str, Any] = {"__name__": "__main__"}
    shown = {}
    with _answers_in(folder):
        for cell in notebook.cells:
            if cell.cell_type == "code":
                shown[cell.id] = _run(cell, space)
                if isinstance(shown[cell.id], Exception):
                    break
    return shown


def judged(name: str, folder: Path, seed: int) -> dict[str, tuple[float, str]]:
    """Check id -> share and reason, of all checks of a notebook that look at answers."""
    checks = [check for check in read_rubric(RUBRIC).checks if check.notebook == name]
    answers, hidden = Answers(folder), SOURCE / "hidden"
    return {
        check.id: judge(check.model_dump(), answers, seed, hidden)
        for check in checks
        if check.kind in JUDGED
    }


def _run(cell: NotebookNode, space: dict[str, Any]) -> Any:
    tree, last = ast.parse(cell.source), None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    try:
        exec(compile(tree, cell.id, "exec"), space)
        return eval(compile(last, cell.id, "eval"), space) if last else None
    except Exception as error:
        return error


@contextmanager
def _answers_in(folder: Path) -> Iterator[None]:
    before = os.environ.get("CXR_ANSWERS")
    os.environ["CXR_ANSWERS"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("CXR_ANSWERS")
        if before is not None:
            os.environ["CXR_ANSWERS"] = before
