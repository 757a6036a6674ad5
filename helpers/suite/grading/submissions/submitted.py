"""Reads a notebook that somebody handed in, and says what keeps it from being run."""

import json
import warnings
from collections import Counter
from pathlib import Path

import nbformat

from helpers.suite.grading.confinement.desk import read_plain
from helpers.suite.grading.confinement.outcome import Status

LARGEST_NOTEBOOK = 50 * 2**20
_MOST_CELLS = 1000


class UnfitNotebookError(Exception):
    """A notebook that cannot be run, with its status and a sentence for the student."""

    def __init__(self, status: Status, reason: str = ""):
        super().__init__(reason or status.sentence)
        self.status = status


def read_submitted(path: Path) -> nbformat.NotebookNode:
    """The notebook at `path`, in format 4.5, without outputs, fit to be run.

    Raises UnfitNotebookError. Nothing in the file is executed or believed: no link is followed,
    its size and depth are limited, and its outputs and widget states are dropped.
    """
    if path.is_symlink():
        raise UnfitNotebookError(Status.UNSAFE_LINK)
    data = read_plain(path, LARGEST_NOTEBOOK)
    if data is None:
        raise UnfitNotebookError(Status.UNREADABLE_NOTEBOOK, "It is no plain file, or too large.")
    if not data.strip():
        raise UnfitNotebookError(Status.UNREADABLE_NOTEBOOK, "The file is empty.")
    notebook = _parse(data)
    _check_kernel(notebook)
    _check_parameters(notebook)
    return _bare(notebook)


def _parse(data: bytes) -> nbformat.NotebookNode:
    try:
        raw = json.loads(data)
        names = Counter(cell.get("id") for cell in raw["cells"])
        with warnings.catch_warnings():  # of what nbformat mends: old formats, missing ids
            warnings.simplefilter("ignore")
            # Half characters (lone surrogates) cannot be written again by anything: now `?`.
            text = json.dumps(raw, ensure_ascii=False).encode(errors="replace").decode()
            notebook = nbformat.v4.upgrade(nbformat.reads(text, as_version=4))  # cells get ids
            nbformat.validate(notebook)
    except RecursionError:
        raise UnfitNotebookError(Status.UNREADABLE_NOTEBOOK, "It is nested too deeply.") from None
    except Exception as error:  # nbformat meets damaged files with errors of any kind
        reason = f"It is damaged or no notebook ({type(error).__name__})."
        raise UnfitNotebookError(Status.UNREADABLE_NOTEBOOK, reason) from None
    doubles = sorted(str(name) for name, count in names.items() if name and count > 1)
    if doubles:  # nbformat has renamed them meanwhile
        reason = f"More than one cell has the id {doubles[0]}: copy a cell's text, not the cell."
        raise UnfitNotebookError(Status.DUPLICATE_CELL_IDS, reason)
    if len(notebook.cells) > _MOST_CELLS:
        raise UnfitNotebookError(Status.UNREADABLE_NOTEBOOK, "It has too many cells.")
    return notebook


def _check_kernel(notebook: nbformat.NotebookNode) -> None:
    """Refuse a notebook written for another language, by kernel or by language information."""
    kernel = notebook.metadata.get("kernelspec", {})
    language = kernel.get("language") or notebook.metadata.get("language_info", {}).get("name")
    if str(language or "python").lower() not in ("python", "ipython"):
        reason = f"It is written for {str(language)[:40]}, not for Python."
        raise UnfitNotebookError(Status.FOREIGN_KERNEL, reason)


def _check_parameters(notebook: nbformat.NotebookNode) -> None:
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    if "parameters" not in tags:
        raise UnfitNotebookError(Status.NO_PARAMETERS_CELL)


def _bare(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook's cells with their ids and tags, and nothing else from outside."""
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    return notebook
