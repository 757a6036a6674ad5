"""Compares what a cell printed with the instructor's executed notebook, by nbval's own rules."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
from nbformat import NotebookNode

from helpers.core.errors import SuiteError

# What nbval leaves out, and stderr, which differs between machines.
SKIPPED = ("metadata", "traceback", "output_type", "name", "execution_count", "image/png")
SKIPPED += ("image/jpeg", "application/vnd.jupyter.widget-view+json", "stderr")


def compare_text(
    executed: Path, reference: Path, cell: str, sanitize: Mapping[str, str]
) -> tuple[float, str]:
    """Full share where the outputs of `cell` agree; else none, and the first line that differs.

    sanitize: regular expression -> what stands for it in both. Raises SuiteError where the
    instructor's executed notebook lacks the cell.
    """
    wanted = _outputs(reference, cell)
    if wanted is None:
        raise SuiteError(
            f"{reference} has no executed cell {cell} to compare with; `cxr grade` makes it from "
            "the instructor's notebook, whose cell must run"
        )
    found = _outputs(executed, cell)
    if found is None:
        return 0.0, f"The cell {cell} did not run."
    if _same(found, wanted, sanitize):
        return 1.0, ""
    return 0.0, _difference(_shown(found, sanitize), _shown(wanted, sanitize))


def _outputs(path: Path, cell: str) -> list[NotebookNode] | None:
    """The outputs of one executed cell; None where it is not there or did not run."""
    if not path.exists():
        return None
    cells = nbformat.read(path, as_version=4).cells
    return next((one.outputs for one in cells if one.get("id") == cell and "outputs" in one), None)


def _same(
    found: list[NotebookNode], wanted: list[NotebookNode], sanitize: Mapping[str, str]
) -> bool:
    """nbval's comparison: order within a kind of output, streams put together first."""
    from nbval.plugin import IPyNbCell, coalesce_streams, nocolors

    stand_in = SimpleNamespace(
        parent=SimpleNamespace(skip_compare=SKIPPED),
        colors=nocolors,
        sanitize=lambda value: _sanitized(value, sanitize),
        format_output_compare=lambda *_: None,
        comparison_traceback=[],
    )
    given, kept = coalesce_streams(found), coalesce_streams(wanted)
    return IPyNbCell.compare_outputs(stand_in, given, kept)


def _sanitized(value: Any, sanitize: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for pattern, word in sanitize.items():
            value = re.sub(pattern, word, value)
    return value


def _shown(outputs: list[NotebookNode], sanitize: Mapping[str, str]) -> list[str]:
    """The text of outputs, a line each."""
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs
    ]
    return [line for text in texts for line in _sanitized(text, sanitize).splitlines()]


def _difference(found: list[str], wanted: list[str]) -> str:
    """The first line that differs; the reference itself is not given away."""
    for line in difflib.unified_diff(wanted, found, lineterm="", n=0):
        if line.startswith("+") and not line.startswith("+++"):
            return f"The output differs from what was asked at: {line[1:].strip()[:120]}"
    return "The output lacks a part of what was asked."
