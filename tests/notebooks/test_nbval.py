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
    changed = _change_one_digit(anatomy.tagged(notebook, "nbval-check-output"))
    copy = tmp_path / "01_ingest.ipynb"
    nbformat.write(notebook, copy)
    done = nbval(copy, outputs=sample_run.parent)
    assert done.returncode == 1, done.stdout[-3000:]
    assert "1 failed" in done.stdout
    assert changed in done.stdout


def _change_one_digit(cells: list[nbformat.NotebookNode]) -> str:
    """Raise the first digit found in a stored output by one; returns the changed text's line."""
    for cell in cells:
        for output in cell.outputs:
            text = output.get("text") or output.get("data", {}).get("text/plain", "")
            digit = re.search(r"\d", text)
            if digit and "text" in output:
                new = str((int(digit.group()) + 1) % 10)
                output["text"] = text[: digit.start()] + new + text[digit.end() :]
                return output["text"].splitlines()[0].strip()
    raise AssertionError("no compared cell prints a number")
