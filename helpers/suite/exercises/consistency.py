"""Rubric, notebooks and hidden tests name the same tasks, cells and functions."""

import ast
from collections.abc import Iterator
from pathlib import Path

from helpers.core.errors import UsageError
from helpers.suite.exercises.sources import hidden_tests, read_source, source_notebooks
from helpers.suite.grading.marks.rubric import Check, read_rubric


def check_rubric(rubric: Path, source: Path) -> None:
    """UsageError, with the first fault, where the rubric names what the exercises do not have."""
    for fault in rubric_faults(rubric, source):
        raise UsageError(f"{rubric.name}: {fault}")


def rubric_faults(rubric: Path, source: Path) -> Iterator[str]:
    """One sentence for each check that names an unknown notebook, cell, answer or function."""
    notebooks = source_notebooks(source)
    cells = {path.stem: {cell.id for cell in read_source(path).cells} for path in notebooks}
    tasks = {path.stem: set(tasks_of(path)) for path in notebooks}
    functions = {path.stem.removeprefix("test_"): _functions(path) for path in hidden_tests(source)}
    for check in read_rubric(rubric).checks:
        if check.notebook not in cells:
            yield f"check '{check.id}': there is no notebook '{check.notebook}'"
            continue
        known = {
            "cell": cells[check.notebook],
            "answer": set().union(*tasks.values()),
            "function": functions.get(check.notebook, set()),
        }
        yield from (
            f"check '{check.id}': {check.notebook} has no {kind} '{name}'"
            for kind, name in _named(check)
            if name not in known[kind]
        )
        if check.task is not None and check.task not in tasks[check.notebook]:
            yield f"check '{check.id}': {check.notebook} has no task '{check.task}'"


def tasks_of(path: Path) -> list[str]:
    """The tasks of a source notebook: what its cells hand to `keep`, in order."""
    return [
        call.args[0].value
        for cell in read_source(path).cells
        if cell.cell_type == "code"
        for call in ast.walk(ast.parse(cell.source))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "keep"
    ]


def _functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def _named(check: Check) -> Iterator[tuple[str, str]]:
    """Kind and name of all that a check relies on."""
    if check.kind in ("cell", "text"):
        yield "cell", check.cell
    elif check.kind == "hidden":
        yield "function", check.test
    else:
        yield "answer", check.answer
    if getattr(check, "reference", None):
        yield "function", f"reference_{check.reference}"
