"""The rooms of helpers/ depend one way only, and TensorFlow stays where it belongs."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
HELPERS = PROJECT / "helpers"
ROOMS = ("core", "data", "model", "app", "suite")  # each may use those before it
LIGHT = (
    *("helpers.suite.cli", "helpers.core.lesson", "helpers.data.ingest", "helpers.data.preprocess"),
    *("helpers.model.predictor", "helpers.model.metrics", "helpers.app.figures"),
)


def imports(source: str) -> Iterator[str]:
    """Every module that the code imports, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def upward(room: str, source: str) -> list[str]:
    """Imports that go up from `room`, or out to notebooks and tests."""
    above = {f"helpers.{name}" for name in ROOMS[ROOMS.index(room) + 1 :]} | {"notebooks", "tests"}
    return [
        name for name in imports(source) if any(f"{name}.".startswith(f"{up}.") for up in above)
    ]


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_imports_upward(room: str) -> None:
    wrong = {
        str(path.relative_to(PROJECT)): upward(room, path.read_text())
        for path in (HELPERS / room).rglob("*.py")
    }
    assert {path: names for path, names in wrong.items() if names} == {}


def test_an_upward_import_is_noticed() -> None:
    assert upward("data", "def f():\n    from helpers.model import metrics") == ["helpers.model"]
    assert upward("model", "import helpers.data.images, helpers.core.runs") == []


def test_only_the_model_room_names_tensorflow() -> None:
    knows = {
        str(path.relative_to(HELPERS))
        for path in HELPERS.rglob("*.py")
        if {name.partition(".")[0] for name in imports(path.read_text())} & {"tensorflow", "keras"}
    }
    assert {path for path in knows if not path.startswith("model/")} == set()
    assert not knows & {"model/predictor.py", "model/metrics.py"}


@pytest.mark.parametrize("module", LIGHT)
def test_importing_what_users_wait_for_does_not_load_tensorflow(module: str) -> None:
    check = f"import sys, {module}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_only_the_training_notebook_imports_the_training_side() -> None:
    import nbformat

    heavy = re.compile(r"\b(tensorflow|keras|helpers\.model\.(architectures|training))\b")
    for path in sorted((PROJECT / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        assert not heavy.search(code) or path.stem == "04_train", path.name


def test_no_file_names_a_folder_outside_the_checkout() -> None:
    # Put together here, so that this file does not name them either.
    outside = ["/".join(("..", "shared")), "/".join(("", "work", "")), "/".join(("", "root", ""))]
    allowed = {".ci/run", "tests/notebooks/test_anatomy.py", "tests/notebooks/anatomy.py"}
    files = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True)
    if files.returncode:
        pytest.skip("not a git checkout: there is no list of the project's files")
    named = [
        f"{file}: {words}"
        for file in set(files.stdout.splitlines()) - allowed
        for words in outside
        if (PROJECT / file).is_file() and words in (PROJECT / file).read_text(errors="replace")
    ]
    assert named == []
