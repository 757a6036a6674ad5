"""A class with one small exercise that runs in a second, handed out as the real ones are."""

import json
from pathlib import Path
from typing import Any

import nbformat

from helpers.suite.exercises.handout import write_handout

NOTEBOOK = "01_count"
STUDENTS = ("ann", "bob", "cid")

RUBRIC = """
version: 1
title: Counting
checks:
  - {id: runs, notebook: 01_count, title: The first cell runs, points: 1, kind: cell, cell: 01-01}
  - {id: total, notebook: 01_count, title: The total, points: 3, kind: hidden, test: test_total}
  - {id: mean, notebook: 01_count, title: The mean, points: 2, kind: value, answer: 01_mean,
     field: mean, reference: mean, absolute: 0.01}
  - {id: share, notebook: 01_count, title: The share, points: 2, kind: floor, answer: 01_mean,
     field: share, floor: 0.5, full: 0.9}
  - {id: words, notebook: 01_count, title: The words, points: 2, kind: text, cell: 01-04}
"""

HIDDEN = '''
"""What the class is asked, worked out from the seed."""


def numbers(seed):
    return [seed % 7, seed % 11, seed % 13]


def test_total(answers, seed):
    found = answers["01_total"]
    assert isinstance(found, int), "the total is a whole number."
    if found == sum(numbers(seed)) + 1:
        return 0.5, "the total is one too high."
    assert found == sum(numbers(seed)), f"the total is not {found}."


def reference_mean(seed):
    return sum(numbers(seed)) / 3
'''

# id, tags, source; what a student gets instead of a solution is made by `write_handout`.
CELLS = (
    ("01-00", ["parameters"], 'student = ""\nseed = 0'),
    (
        "01-01",
        [],
        "from helpers.suite.exercises import keep\n"
        "numbers = [seed % 7, seed % 11, seed % 13]\nlen(numbers)",
    ),
    ("01-total", ["solution"], "total = sum(numbers)"),
    ("01-02", ["check"], 'keep("01_total", total)'),
    ("01-mean", ["solution"], 'mean = {"mean": total / 3, "share": 0.9}'),
    ("01-03", ["check"], 'keep("01_mean", mean)'),
    ("01-words", ["solution"], 'words = "three numbers"'),
    ("01-04", ["check"], "print(words)"),
)
SOLUTIONS = {name: source for name, tags, source in CELLS if "solution" in tags}


def write_class(
    folder: Path, students: tuple[str, ...] = STUDENTS, rubric: str = RUBRIC, seed: int = 5
) -> Path:
    """Hand the exercise out below `folder`; returns the instructor's rubric."""
    source = folder / "source"
    (source / "hidden").mkdir(parents=True)
    cells = [
        nbformat.v4.new_code_cell(text, id=name, metadata={"tags": tags})
        for name, tags, text in CELLS
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, source / f"{NOTEBOOK}.ipynb")
    (source / "hidden" / f"test_{NOTEBOOK}.py").write_text(HIDDEN, encoding="utf-8")
    (source / "rubric.yml").write_text(rubric, encoding="utf-8")
    write_handout(folder / "class", students, seed, source=source)
    return folder / "class" / "instructor" / "rubric.yml"


def handed_out(rubric: Path, student: str = "ann") -> dict[str, Any]:
    """The notebook a student was given, as the file's JSON."""
    path = rubric.parents[1] / "student" / student / f"{NOTEBOOK}.ipynb"
    return json.loads(path.read_text(encoding="utf-8"))


def solved(rubric: Path, student: str = "ann", **answers: str) -> dict[str, Any]:
    """That notebook with all solutions, `answers` (cell without `01-`: source) in their place."""
    notebook = handed_out(rubric, student)
    given = SOLUTIONS | {f"01-{name}": source for name, source in answers.items()}
    for cell in notebook["cells"]:
        cell["source"] = given.get(cell["id"], cell["source"])
    return notebook


def hand_in(folder: Path, student: str, notebook: dict[str, Any] | bytes) -> Path:
    """Put a notebook into the student's folder of the submissions."""
    path = folder / student / f"{NOTEBOOK}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = notebook if isinstance(notebook, bytes) else json.dumps(notebook).encode()
    path.write_bytes(content)
    return path
