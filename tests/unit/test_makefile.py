"""`make setup`: refuses an unfit Python in one sentence, and lets nothing of the user's in."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed here")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that was never set up: the files that set-up reads, and no .venv."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-gpu.lock"):
        shutil.copy(PROJECT / name, tmp_path)
    return tmp_path


def make(checkout: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # MAKEFLAGS: this test itself may run under make
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *words],
        cwd=checkout,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def python_that(folder: Path, *, suits: bool, has_venv: bool) -> Path:
    """A program that answers set-up's questions as such a Python would."""
    program = folder / "python-stub"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f"  *version_info*) exit {int(not suits)} ;;\n"
        f"  *ensurepip*) exit {int(not has_venv)} ;;\n"
        "  *) echo Python 3.10.4 ;;\n"
        "esac\n"
    )
    program.chmod(0o755)
    return program


def test_an_old_python_is_one_sentence_and_leaves_nothing_behind(checkout: Path) -> None:
    stub = python_that(checkout, suits=False, has_venv=True)
    done = make(checkout, "setup", f"PYTHON={stub}")
    assert done.returncode != 0
    assert "cxr needs Python 3.11, 3.12 or 3.13 and found Python 3.10.4" in done.stderr
    assert "make setup PYTHON=python3.12" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_names_the_package_to_install(checkout: Path) -> None:
    stub = python_that(checkout, suits=True, has_venv=False)
    done = make(checkout, "setup", f"PYTHON={stub}")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def ready(checkout: Path, place: str = "") -> None:
    """What a finished set-up leaves for make to see."""
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / ".place").write_text(place or f"{checkout}/.venv\n")
    for stamp in (".installed", ".ready"):
        (checkout / ".venv" / stamp).touch()


def test_nothing_is_repeated_when_nothing_changed(checkout: Path) -> None:
    ready(checkout)
    assert "Nothing to be done" in make(checkout, "setup").stdout


@pytest.mark.parametrize(
    ("file", "builds_anew"), [("requirements.lock", True), ("pyproject.toml", False)]
)
def test_set_up_follows_what_changed(checkout: Path, file: str, builds_anew: bool) -> None:
    ready(checkout)
    later = (checkout / ".venv" / ".ready").stat().st_mtime + 10
    os.utime(checkout / file, (later, later))
    planned = make(checkout, "-n", "setup").stdout
    assert ("-m venv" in planned) == builds_anew
    assert "install -q --no-deps --no-build-isolation -e ." in planned


def test_an_environment_moved_here_from_elsewhere_is_built_anew(checkout: Path) -> None:
    ready(checkout, place="/another/folder/.venv\n")
    assert "-m venv --clear" in make(checkout, "-n", "setup").stdout


def test_the_gpu_choice_adds_the_second_lock(checkout: Path) -> None:
    ready(checkout)
    for words, environment in ((["GPU=1"], {}), ([], {"CXR_GPU": "1"})):
        planned = make(checkout, "-n", "setup", *words, **environment).stdout
        assert "requirements-gpu.lock" in planned
        assert "-m venv" not in planned


def test_nothing_of_the_users_python_reaches_ours(checkout: Path) -> None:
    (checkout / "show.mk").write_text("show:\n\t@env\n")
    users = {
        "PYTHONPATH": "/elsewhere",
        "PYTHONHOME": "/elsewhere",
        "VIRTUAL_ENV": "/elsewhere",
        "JUPYTER_PATH": "/elsewhere",
        "PIP_TARGET": "/elsewhere",
        "PIP_USER": "1",
        "PIP_INDEX_URL": "https://index.example.org/simple",
    }
    seen = make(checkout, "-f", "Makefile", "-f", "show.mk", "show", **users).stdout.splitlines()
    assert [line for line in seen if "/elsewhere" in line] == []
    assert {"PYTHONNOUSERSITE=1", "PIP_USER=0"} <= set(seen)
    assert "PIP_INDEX_URL=https://index.example.org/simple" in seen, "pip's index is the user's"


def test_every_task_is_listed_by_make_help(checkout: Path) -> None:
    listed = make(checkout, "help").stdout
    tasks = ("run", "test", "lab", "setup", "prove", "bench", "lint", "lock", "notebooks", "clean")
    assert [task for task in tasks if f"make {task} " not in listed] == []
