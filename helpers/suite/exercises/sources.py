"""Source notebooks, tasks beside their solutions, and the two notebooks made from each."""

import copy
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.core.errors import SuiteError
from helpers.core.runs import PROJECT
from helpers.suite.exercises.prompts import (
    given,
    has_region,
    names_read,
    prompt,
    prompted,
    solved,
)

SOURCE = PROJECT / "notebooks" / "exercises"
RUBRIC = PROJECT / "params" / "rubric.yml"
ANSWER, SOLUTION, CHECK, PARAMETERS = "answer", "solution", "check", "parameters"
WORDS = "*Your answer: write it here.*"
STAMP = "cxr_exercise"


@dataclass(frozen=True)
class Stamp:
    """Whose notebook it is; stands in its metadata and in its parameters cell."""

    version: str
    student: str
    seed: int


def source_notebooks(folder: Path = SOURCE) -> list[Path]:
    """The source notebooks of a folder in their order; SuiteError where there is none."""
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise SuiteError(f"{folder} holds no exercises; name a folder with notebooks 01_... in it")
    return found


def hidden_tests(folder: Path = SOURCE) -> list[Path]:
    """The instructor's tests of a folder in their order."""
    return sorted((folder / "hidden").glob("test_*.py"))


def version_of(folder: Path = SOURCE) -> str:
    """One short word for the notebooks and hidden tests as they are now."""
    digest = hashlib.sha256()
    for file in (*source_notebooks(folder), *hidden_tests(folder)):
        digest.update(f"{file.name}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def read_source(path: Path) -> NotebookNode:
    """One source notebook, checked: cell ids, one parameters cell, markers in pairs.

    Raises SuiteError naming notebook and cell.
    """
    text = path.read_text(encoding="utf-8")
    ids = [cell.get("id") for cell in json.loads(text)["cells"]]  # nbformat would mend them unasked
    if len(set(ids)) < len(ids):
        raise SuiteError(f"{path.name}: a cell id stands twice; give each cell its own")
    notebook = nbformat.reads(text, as_version=4)
    if sum(PARAMETERS in tags(cell) for cell in notebook.cells) != 1:
        raise SuiteError(f"{path.name}: exactly one cell must be tagged '{PARAMETERS}'")
    for cell in notebook.cells:
        try:
            solved(cell.source)
        except SuiteError as error:
            raise SuiteError(f"{path.name}, cell {cell.id}: {error}") from error
    return notebook


def student_notebook(path: Path, stamp: Stamp) -> NotebookNode:
    """The notebook to hand out: prompts for solutions, no outputs, stamped."""
    notebook = read_source(path)
    codes = [given(cell.source) for cell in notebook.cells if _is_code(cell) and not _whole(cell)]
    wanted = names_read(codes)
    cells = [_student_cell(cell, wanted) for cell in notebook.cells]
    return _bare(notebook, path.stem, cells, stamp)


def instructor_notebook(path: Path, stamp: Stamp) -> NotebookNode:
    """The master: every cell as in the student's notebook, with the solutions in the answers."""
    notebook = read_source(path)
    cells = []
    for cell in notebook.cells:
        cell = copy.deepcopy(cell)
        if is_solution(cell):
            _tag_answer(cell)
            cell.source = solved(cell.source)
        cells.append(cell)
    return _bare(notebook, path.stem, cells, stamp)


def is_solution(cell: NotebookNode) -> bool:
    """Whether the student gets a prompt instead of (part of) this cell of the source."""
    return _whole(cell) or has_region(cell.source)


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return list(cell.metadata.get("tags", []))


def _student_cell(cell: NotebookNode, wanted: set[str]) -> NotebookNode:
    cell = copy.deepcopy(cell)
    if not is_solution(cell):
        return cell
    if not _is_code(cell):
        cell.source = WORDS
    elif has_region(cell.source):
        cell.source = prompted(cell.source, wanted)
    else:
        cell.source = prompt(cell.source, wanted)
    _tag_answer(cell)
    return cell


def _tag_answer(cell: NotebookNode) -> None:
    cell.metadata["tags"] = [ANSWER, *(tag for tag in tags(cell) if tag != SOLUTION)]


def _bare(
    notebook: NotebookNode, name: str, cells: list[NotebookNode], stamp: Stamp
) -> NotebookNode:
    """A new notebook of `cells`: only kernel and stamp as metadata, nothing executed."""
    bare = nbformat.v4.new_notebook(cells=list(_renewed(cells, stamp)))
    bare.metadata["kernelspec"] = notebook.metadata["kernelspec"]
    bare.metadata["language_info"] = {"name": "python"}
    bare.metadata[STAMP] = {
        "notebook": name,
        "version": stamp.version,
        "student": stamp.student,
        "seed": stamp.seed,
    }
    nbformat.validate(bare)
    return bare


def _renewed(cells: list[NotebookNode], stamp: Stamp) -> Iterator[NotebookNode]:
    """Each cell made anew from its source, id and tags: nothing else of the author's goes along."""
    for cell in cells:
        make = nbformat.v4.new_code_cell if _is_code(cell) else nbformat.v4.new_markdown_cell
        metadata = {"tags": tags(cell)} if tags(cell) else {}
        cell = make(cell.source, id=cell.id, metadata=metadata)
        if PARAMETERS in tags(cell):
            name = json.dumps(stamp.student, ensure_ascii=False)  # double quotes, as ours
            cell.source = f"student = {name}\nseed = {stamp.seed}"
        yield cell


def _is_code(cell: NotebookNode) -> bool:
    return cell.cell_type == "code"


def _whole(cell: NotebookNode) -> bool:
    return SOLUTION in tags(cell)
