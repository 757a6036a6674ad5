"""Puts the instructor's cells back by cell id before a graded run, and reports every edit."""

import copy
import difflib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers.suite.exercises.sources import ANSWER, PARAMETERS, tags
from helpers.suite.grading.outcome import Status

MAX_CELLS = 2_000


@dataclass(frozen=True)
class Edit:
    """One of the instructor's cells that came back otherwise than it was handed out."""

    notebook: str
    cell: str
    what: str  # changed | deleted | moved | added
    sentence: str
    difference: str = ""


@dataclass(frozen=True)
class Restored:
    """The notebook to run, what was put back, and the sources of the student's own cells."""

    notebook: NotebookNode
    edits: tuple[Edit, ...]
    own_cells: dict[str, str]


class NotRunnableError(Exception):
    """The file handed in is nothing that can be run; `status` says of which kind."""

    def __init__(self, status: Status, sentence: str):
        super().__init__(sentence)
        self.status = status


def restore(submitted: Path, master: NotebookNode) -> Restored:
    """The master's notebook with the student's answers in it, and the student's own further cells.

    submitted: the file handed in; master: the instructor's notebook, whose answer cells are never
    used. Outputs and metadata of the file are dropped. Raises NotRunnableError.
    """
    cells = _cells(submitted)
    answers = {cell.id for cell in master.cells if ANSWER in tags(cell)}
    theirs = {cell["id"]: _source(cell) for cell in cells if "id" in cell}
    original = {cell.id: cell for cell in master.cells}
    notebook = copy.deepcopy(master)
    notebook.cells = _merged(cells, master, answers, theirs)
    own = {name: theirs[name] for name in theirs if name in answers or name not in original}
    edits = _edits(submitted.stem, cells, master, answers, theirs)
    return Restored(notebook, tuple(edits), own)


def _cells(path: Path) -> list[dict[str, Any]]:
    """The cells as they stand in the file; nbformat would mend what we have to see."""
    document = _document(path)
    language = _language(document.get("metadata"))
    if language not in ("", "python"):
        sentence = f"Its kernel is for {language}; open it with a Python 3 kernel and save it."
        raise NotRunnableError(Status.FOREIGN_KERNEL, sentence)
    cells = [cell for cell in document["cells"] if isinstance(cell, dict)]
    ids = Counter(str(cell["id"]) for cell in cells if "id" in cell)
    twice = [name for name, count in ids.items() if count > 1]
    if twice:
        sentence = f"The cell id {twice[0]!r} stands {ids[twice[0]]} times; copy the answers into "
        raise NotRunnableError(Status.DUPLICATE_CELL_IDS, sentence + "a fresh notebook.")
    if not any(PARAMETERS in _tags(cell) for cell in cells):
        sentence = (
            "The cell tagged `parameters` is missing; copy the answers into a fresh notebook."
        )
        raise NotRunnableError(Status.NO_PARAMETERS_CELL, sentence)
    return cells


def _document(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
        document = json.loads(content) if content.strip() else None
    except (OSError, ValueError, RecursionError) as error:
        raise NotRunnableError(
            Status.UNREADABLE_NOTEBOOK, f"The file is damaged ({_short(error)}); hand it in again."
        ) from error
    if document is None:
        raise NotRunnableError(Status.UNREADABLE_NOTEBOOK, "The file is empty; hand it in again.")
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list) or len(cells) > MAX_CELLS:
        raise NotRunnableError(
            Status.UNREADABLE_NOTEBOOK,
            "The file is no notebook of format 4; save it from JupyterLab and hand it in again.",
        )
    return document


def _language(metadata: Any) -> str:
    """The language a notebook says it is written in; empty when it says nothing."""
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    words = [part.get(key) for part, key in ((spec, "language"), (info, "name")) if _is_table(part)]
    return next((str(word).lower()[:40] for word in words if word), "")


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _tags(cell: dict[str, Any]) -> list[Any]:
    metadata = cell.get("metadata")
    found = metadata.get("tags") if isinstance(metadata, dict) else None
    return found if isinstance(found, list) else []


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _merged(
    cells: Sequence[dict[str, Any]],
    master: NotebookNode,
    answers: set[str],
    theirs: dict[str, str],
) -> list[NotebookNode]:
    """The master's order; a cell of the student's own stays behind the one it stood behind."""
    behind: dict[str | None, list[NotebookNode]] = {}
    known = {cell.id for cell in master.cells}
    last = None
    for number, cell in enumerate(cells):
        if cell.get("id") in known:
            last = cell["id"]
        elif cell.get("cell_type") in ("code", "markdown", "raw"):
            behind.setdefault(last, []).append(_own_cell(cell, number))
    merged = behind.get(None, [])
    for cell in copy.deepcopy(master.cells):
        if cell.id in answers:
            cell.source = theirs.get(cell.id, "")
        merged += [cell, *behind.get(cell.id, [])]
    return merged


def _own_cell(cell: dict[str, Any], number: int) -> NotebookNode:
    """A cell that the student added, with nothing of it but its kind and its source."""
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    return make.get(cell["cell_type"], nbformat.v4.new_raw_cell)(_source(cell), id=f"own-{number}")


def _edits(
    name: str,
    cells: Sequence[dict[str, Any]],
    master: NotebookNode,
    answers: set[str],
    theirs: dict[str, str],
) -> list[Edit]:
    edits = []
    for cell in master.cells:
        if cell.id not in theirs:
            words = "answer cell" if cell.id in answers else "cell"
            edits.append(Edit(name, cell.id, "deleted", f"The {words} {cell.id} was deleted."))
        elif cell.id not in answers and not _same(cell, theirs[cell.id]):
            sentence = f"The cell {cell.id} was changed and has been put back."
            difference = _difference(cell.source, theirs[cell.id])
            edits.append(Edit(name, cell.id, "changed", sentence, difference))
    order = [cell.id for cell in master.cells if cell.id in theirs]
    found = [name for name in theirs if name in set(order)]
    if found != order:
        first = next(ours for ours, given in zip(order, found, strict=True) if ours != given)
        sentence = f"Cells were moved, {first} first; they run in the order they were handed out."
        edits.append(Edit(name, first, "moved", sentence))
    return edits


def _same(cell: NotebookNode, source: str) -> bool:
    """Whether a cell is as handed out; parameters are filled in anew, whatever stands there."""
    return PARAMETERS in tags(cell) or cell.source.split() == source.split()


def _difference(ours: str, theirs: str) -> str:
    lines = difflib.unified_diff(
        ours.splitlines(), theirs[:20_000].splitlines(), "handed out", "handed in", lineterm="", n=1
    )
    return "\n".join(list(lines)[:40])


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
