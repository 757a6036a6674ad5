"""The rules every stored notebook keeps: each function lists what breaks its rule."""

import ast
import getpass
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat

from helpers.core.params import Parameters

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
MOST_BYTES = 1_000_000
MOST_CELLS = 45
LONGEST_CELL = 20
LEAST_PROSE = 0.4

# What must not stand in a stored output, and what to call it.
STAINS = {
    "an absolute path": r"(?<![\w.:/])/(?:home|root|Users|tmp|work|var|mnt|opt|usr)/\w",
    "a Windows path": r"\b[A-Z]:\\\\?Users",
    "a memory address": r" at 0x[0-9a-f]{6,}",
    "a traceback": r"Traceback \(most recent call last\)",
    "a warning": r"\w*Warning:|\bWARNING\b",
    "a credential": r"AKIA[0-9A-Z]{16}|aws_secret|AWS_SECRET|-----BEGIN [A-Z ]*PRIVATE KEY",
    "a store address that changes": r"127\.0\.0\.1:\d+|localhost:\d+",
}


def stored() -> list[Path]:
    """The notebooks of the suite in their order."""
    return sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    """One notebook; a format error raises."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Code cells that hold code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def tagged(notebook: nbformat.NotebookNode, tag: str) -> list[nbformat.NotebookNode]:
    """Code cells with `tag`."""
    return [cell for cell in code_cells(notebook) if tag in cell.metadata.get("tags", [])]


def executed_in_order(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Every code cell was executed, from 1 on without a gap, and none raised."""
    for expected, cell in enumerate(code_cells(notebook), start=1):
        if cell.execution_count != expected:
            yield f"cell {expected} has execution count {cell.execution_count}"
        if any(output.output_type == "error" for output in cell.outputs):
            yield f"cell {expected} ended in an error"


def parameters_first(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """One parameters cell, before all other code, with literals equal to the sample profile."""
    cells = code_cells(notebook)
    if not cells or tagged(notebook, "parameters") != cells[:1]:
        yield "the first code cell, and no other, must be tagged 'parameters'"
        return
    defaults = Parameters()
    for statement in ast.parse(cells[0].source).body:
        try:
            (target,), value = statement.targets, ast.literal_eval(statement.value)
        except (AttributeError, ValueError):
            yield f"not a literal: {ast.unparse(statement)}"
            continue
        if target.id not in Parameters.model_fields:
            yield f"'{target.id}' is no parameter"
        elif value != getattr(defaults, target.id):
            yield f"{target.id} = {value!r} is not the sample profile's"


def begins_the_lesson(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """The second code cell opens the lesson under the notebook's own name."""
    if 'begin("' not in "".join(cell.source for cell in code_cells(notebook)[1:2]):
        yield "the cell after the parameters must call begin(...)"


def compared_by_nbval(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """At least one cell is compared, and every compared cell has text to compare."""
    cells = tagged(notebook, "nbval-check-output")
    if not cells:
        yield "no cell is tagged 'nbval-check-output': nbval would compare nothing"
    for cell in cells:
        if not any("text" in output or "data" in output for output in cell.outputs):
            yield f"nothing to compare in: {cell.source.splitlines()[0]}"


def clean_outputs(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """No path, name, credential, address, warning or widget state in what is stored."""
    if "widgets" in notebook.metadata:
        yield "widget state is stored"
    for cell in code_cells(notebook):
        words = [text for output in cell.outputs for text in _texts(output)]
        for what, pattern in stains().items():
            if any(re.search(pattern, text) for text in words):
                yield f"{what} in the output of: {cell.source.splitlines()[0]}"
        if any(output.get("name") == "stderr" for output in cell.outputs):
            yield f"stderr noise in the output of: {cell.source.splitlines()[0]}"


def stains() -> dict[str, str]:
    """STAINS and the name of whoever runs this, `root` aside, which is an ordinary word."""
    user = getpass.getuser()
    return STAINS | ({"a user name": rf"\b{re.escape(user)}\b"} if user != "root" else {})


def _texts(output: nbformat.NotebookNode) -> Iterator[str]:
    """All text of an output; pictures are left out, their words are not."""
    yield output.get("text", "")
    for kind, value in output.get("data", {}).items():
        if not kind.startswith("image/") or kind == "image/svg+xml":
            yield value if isinstance(value, str) else json.dumps(value)
    yield json.dumps(output.get("metadata", {}))


def plain_metadata(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Only what every machine agrees on: the kernel's name, and the tags of cells."""
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        yield "the kernel must be 'python3'"
    for name in sorted(set(notebook.metadata) - {"kernelspec", "language_info", "widgets"}):
        yield f"stray notebook metadata '{name}'"
    strays = {name for cell in notebook.cells for name in cell.metadata} - {"tags"}
    for name in sorted(strays):
        yield f"stray cell metadata '{name}'"


def readable_size(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Small cells, enough prose, a file that a pull request can show."""
    size = len(nbformat.writes(notebook).encode())
    if size > MOST_BYTES:
        yield f"{size:,} bytes are more than {MOST_BYTES:,}"
    if len(notebook.cells) > MOST_CELLS:
        yield f"{len(notebook.cells)} cells are more than {MOST_CELLS}"
    prose = sum(cell.cell_type == "markdown" for cell in notebook.cells)
    if prose < LEAST_PROSE * len(notebook.cells):
        yield f"only {prose} of {len(notebook.cells)} cells are prose"
    for cell in code_cells(notebook)[1:]:  # the parameters are a list, however long
        lines = len(cell.source.splitlines())
        if lines > LONGEST_CELL:
            yield f"{lines} lines in one cell: {cell.source.splitlines()[0]}"


def functions_defined(notebook: nbformat.NotebookNode) -> int:
    """How many functions and classes the notebook defines."""
    code = "\n".join(re.sub(r"(?m)^\s*[%!].*$", "", cell.source) for cell in code_cells(notebook))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return sum(isinstance(node, kinds) for node in ast.walk(ast.parse(code)))


def pictures_have_words(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Every picture has a text alternative."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            metadata = output.get("metadata", {}).get("image/png", {})
            if "image/png" in output.get("data", {}) and not metadata.get("alt"):
                yield f"a picture without words: {cell.source.splitlines()[0]}"


def tells_its_story(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Title, notice, what is learned, read and written; limits and exercises at the end."""
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    opening, closing = "\n".join(prose[:3]), "\n".join(prose[-2:])
    if not re.match(r"# \d+\. \S", prose[0]):
        yield "the first cell must be the title, '# 1. Ingest ...'"
    for words in ("never a diagnosis", "studiolab.svg", "**You will learn**", "**Reads**"):
        if words not in opening:
            yield f"the opening lacks {words!r}"
    for words in ("**Limits.**", "**Exercises**"):
        if words not in closing:
            yield f"the end lacks {words!r}"


def links(notebook: nbformat.NotebookNode) -> list[str]:
    """Targets of relative links."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    targets = re.findall(r"\]\(([^)#\s]+)", prose)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


RULES: tuple[Callable[[nbformat.NotebookNode], Iterator[str]], ...] = (
    executed_in_order,
    parameters_first,
    begins_the_lesson,
    compared_by_nbval,
    clean_outputs,
    plain_metadata,
    readable_size,
    pictures_have_words,
    tells_its_story,
)
