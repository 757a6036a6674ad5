"""`pytest --nbval-lax notebooks/` passes, and truly compares: a changed number makes it fail."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks import anatomy

PROJECT = Path(__file__).resolve().parents[2]


def nbval(*paths: Path, outputs: Path) -> subprocess.CompletedProcess[str]:
    """nbval over `paths` in a process of its own, writing to `outputs`."""
    plain = ("-p", "no:cacheprovider", "-p", "no:xdist", "-o", "timeout=1800")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plain, "--nbval-lax", *map(str, paths)],
        cwd=PROJECT,
        env=os.environ | {"CXR_OUTPUTS": str(outputs)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(1800)
def test_nbval_passes_over_all_stored_notebooks_from_nothing(tmp_path: Path, cxr) -> None:
    done = nbval(PROJECT / "notebooks", outputs=tmp_path)
    cxr("store", "stop", CXR_OUTPUTS=str(tmp_path))
    assert done.returncode == 0, done.stdout[-6000:]
    cells = sum(len(anatomy.code_cells(anatomy.read(path))) for path in anatomy.stored())
    assert f"{cells} passed" in done.stdout


def test_nbval_fails_when_one_stored_number_is_changed(sample_run: Path, tmp_path: Path) -> None:
    notebook = anatomy.read(anatomy.stored()[0])
    position = _change_one_digit(notebook)
    copy = tmp_path / "01_ingest.ipynb"
    nbformat.write(notebook, copy)
    done = nbval(copy, outputs=sample_run.parent)
    assert done.returncode == 1, done.stdout[-3000:]
    assert f"1 failed, {len(anatomy.code_cells(notebook)) - 1} passed" in done.stdout
    assert f"01_ingest.ipynb::Cell {position}" in done.stdout


def _change_one_digit(notebook: nbformat.NotebookNode) -> int:
    """Raise the first digit that a compared cell printed by one; returns the code cell's number."""
    compared = anatomy.tagged(notebook, "nbval-check-output")
    for position, cell in enumerate(anatomy.code_cells(notebook)):
        for output in cell.outputs if cell in compared else []:
            digit = re.search(r"\d", output.get("text", ""))
            if digit:
                raised = str((int(digit.group()) + 1) % 10)
                output.text = output.text[: digit.start()] + raised + output.text[digit.end() :]
                return position
    raise AssertionError("no compared cell prints a number")
