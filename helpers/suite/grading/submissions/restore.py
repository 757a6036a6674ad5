"""Puts the instructor's cells back by cell id before a graded run, and reports every edit."""

import copy
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.suite.exercises.sources import ANSWER, PARAMETERS, tags
from helpers.suite.grading.submissions.submitted import read_submitted

MOST_LINES = 40  # of a difference that is reported
MOST_LETTERS = 20_000  # of a changed cell that are compared


@dataclass(frozen=True)
class Edit:
    """One of the instructor's cells that came back otherwise than it was handed out."""

    notebook: str
    cell: str
    what: str  # changed | deleted | moved
    sentence: str
    difference: str = ""


@dataclass(frozen=True)
class Restored:
    """The notebook to run, what was put back, and the sources of the student's own cells."""

    notebook: NotebookNode
    edits: tuple[Edit, ...]
    own_cells: dict[str, str]


def restore(submitted: Path, master: NotebookNode) -> Restored:
    """The master's notebook with the student's answers in it, and the student's own further cells.

    submitted: the file handed in; master: the instructor's notebook, whose answer cells are never
    used. Outputs and metadata of the file are dropped. Raises UnfitNotebookError.
    """
    cells = _with_ids(read_submitted(submitted).cells, master.cells)
    theirs = {cell.id: cell.source for cell in cells}
    known = {cell.id for cell in master.cells}
    answers = {cell.id for cell in master.cells if ANSWER in tags(cell)}
    notebook = copy.deepcopy(master)
    notebook.cells = _merged(cells, master.cells, answers)
    own = {name: text for name, text in theirs.items() if name in answers or name not in known}
    edits = _edits(submitted.stem, theirs, master.cells, answers)
    return Restored(notebook, tuple(edits), own)


def _with_ids(
    cells: Sequence[NotebookNode], master: Sequence[NotebookNode]
) -> Sequence[NotebookNode]:
    """Some editors throw cell ids away: where none is left, the cells are taken in their order."""
    known = [cell.id for cell in master]
    lost = not any(cell.get("id") in known for cell in cells)
    for number, cell in enumerate(cells):
        if lost and len(cells) == len(known):
            cell.id = known[number]
        cell.setdefault("id", f"own-{number}")
    return cells


def _merged(
    cells: Sequence[NotebookNode], master: Sequence[NotebookNode], answers: set[str]
) -> list[NotebookNode]:
    """The master's order; a cell of the student's own stays behind the one it stood behind."""
    theirs = {cell.id: cell.source for cell in cells}
    known = {cell.id for cell in master}
    behind: dict[str, list[NotebookNode]] = {}
    last = ""
    for cell in cells:
        if cell.id in known:
            last = cell.id
        else:
            behind.setdefault(last, []).append(_own_cell(cell))
    merged = behind.get("", [])
    for cell in copy.deepcopy(list(master)):
        if cell.id in answers:
            cell.source = theirs.get(cell.id, "")
        merged += [cell, *behind.get(cell.id, [])]
    return merged


def _own_cell(cell: NotebookNode) -> NotebookNode:
    """A cell that the student added: its kind and its source, no tag that might mean something."""
    made = copy.deepcopy(cell)
    made.metadata = nbformat.from_dict({})
    return made


def _edits(
    name: str, theirs: dict[str, str], master: Sequence[NotebookNode], answers: set[str]
) -> list[Edit]:
    """One for each cell deleted or changed, and one if the order is another."""
    edits = []
    for cell in master:
        if cell.id not in theirs:
            words = "answer" if cell.id in answers else "instructor's"
            edits.append(Edit(name, cell.id, "deleted", f"The {words} cell {cell.id} was deleted."))
        elif cell.id not in answers and not _same(cell, theirs[cell.id]):
            sentence = f"The cell {cell.id} was changed and has been put back."
            difference = _difference(cell.source, theirs[cell.id])
            edits.append(Edit(name, cell.id, "changed", sentence, difference))
    return edits + _moves(name, list(theirs), [cell.id for cell in master])


def _moves(name: str, theirs: Sequence[str], ours: Sequence[str]) -> list[Edit]:
    kept = [cell for cell in ours if cell in set(theirs)]
    found = [cell for cell in theirs if cell in set(ours)]
    if kept == found:
        return []
    first = next(ours for ours, given in zip(kept, found, strict=True) if ours != given)
    sentence = f"Cells were moved, {first} first; they ran in the order they were handed out in."
    return [Edit(name, first, "moved", sentence)]


def _same(cell: NotebookNode, source: str) -> bool:
    """Whether a cell is as handed out; parameters are filled in anew, whatever stands there."""
    return PARAMETERS in tags(cell) or cell.source.split() == source.split()


def _difference(ours: str, theirs: str) -> str:
    given = theirs[:MOST_LETTERS].splitlines()
    lines = difflib.unified_diff(
        ours.splitlines(), given, "handed out", "handed in", lineterm="", n=1
    )
    return "\n".join(list(lines)[:MOST_LINES])
