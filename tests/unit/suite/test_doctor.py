"""`cxr doctor` tells what is there, and names what is missing and the way to get it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.suite.doctor import CHECKS, examine, grading, machine, software
from helpers.suite.grading.confinement.walls import Walls


def test_every_check_answers_and_says_what_to_do_unless_all_is_well(outputs: Path) -> None:
    checks = examine()
    assert [check.subject for check in checks] == [
        *("Python", "Environment", "TensorFlow", "OpenCV", "GPU", "Memory", "Disk"),
        *("S3 store", "Uploads", "Browser", "Studio Lab", "Grading"),
    ]
    assert len(checks) == len(CHECKS)
    assert [check.subject for check in checks if check.status != "ok" and not check.advice] == []


def test_the_command_prints_a_table_and_json_alike(cxr, outputs: Path) -> None:
    table, listed = cxr("doctor"), cxr("doctor", "--json")
    assert table.returncode == listed.returncode == 0, table.stdout + listed.stdout
    for check in json.loads(listed.stdout):
        assert check["subject"] in table.stdout


def test_doctor_tells_the_version_of_tensorflow_without_importing_it(outputs: Path) -> None:
    code = "import sys; from helpers.suite.doctor import software as s; print(s.tensorflow().found)"
    words = [sys.executable, "-c", f"{code}; sys.exit('tensorflow' in sys.modules)"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("2.")


def test_a_python_outside_the_range_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "SUPPORTED", ((3, 8), (3, 9)))
    check = software.python()
    assert check.status == "missing"
    assert "3.8 to 3.9" in check.advice


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        (
            "libGL.so.1: cannot open shared object file: No such file or directory",
            "libGL.so.1 is missing: `apt install libgl1`.",
        ),
        (
            "libgthread-2.0.so.0: cannot open shared object file",
            "libgthread-2.0.so.0 is missing: `apt install libglib2.0-0`.",
        ),
        ("libodd.so.3: cannot open", "Install the system package that holds libodd.so.3."),
        ("No module named 'cv2'", "Install what is missing with `make setup`."),
    ],
)
def test_a_missing_library_is_named_with_its_package(message: str, advice: str) -> None:
    assert software.library_advice(message) == advice


def test_an_opencv_that_does_not_load_names_the_library(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    check = software.opencv()
    assert check.status == "missing"
    assert "libgl1" in check.advice


def test_a_store_that_does_not_answer_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "reader")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-reader")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    check = software.store()
    assert check.status == "missing"
    assert "secret-of-the-reader" not in check.found + check.advice


def test_the_embedded_store_is_found_without_being_started(outputs: Path) -> None:
    check = software.store()
    assert check.status == "ok"
    assert "not running" in check.found


@pytest.mark.parametrize(
    ("options", "status"),
    [([], "note"), (["--ServerApp.tornado_settings={'websocket_max_message_size': 1}"], "ok")],
)
def test_a_jupyter_that_takes_small_uploads_only_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], status: str
) -> None:
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    # A stand-in with a server's command line; doctor looks at no more than that.
    words = [sys.executable, "-c", "import time; time.sleep(60)", "jupyter-lab", *options]
    with subprocess.Popen(words) as server:
        (tmp_path / f"jpserver-{server.pid}.json").write_text(json.dumps({"pid": server.pid}))
        check = software.uploads()
        server.kill()
    assert check.status == status
    assert status == "ok" or "make lab" in check.advice


def test_a_card_without_cuda_libraries_is_told_the_choice(monkeypatch, tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'Tesla T4, 15360 MiB, 550.54.15'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    check = machine.gpu()
    assert "Tesla T4 (15360 MiB), driver 550.54.15" in check.found
    assert check.status == "ok" or "make setup GPU=1" in check.advice


def test_a_hidden_card_is_said_to_be_hidden(monkeypatch, tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'Tesla T4, 15360 MiB, 550.54.15'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "hidden" in machine.gpu().found


def test_a_full_disk_is_missing_room(outputs: Path, monkeypatch) -> None:
    monkeypatch.setattr(machine, "ROOM_FOR_RUNS", 2**60)
    check = machine.disk()
    assert check.status == "missing"
    assert "cxr clean" in check.advice


def test_studio_lab_is_recognised_by_its_home(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "STUDIO_LAB_HOME", tmp_path)
    assert machine.studio_lab().found == "yes"
    assert "time_budget_minutes" in machine.studio_lab().advice


def test_a_machine_without_walls_is_told_in_one_sentence() -> None:
    check = grading.grading(Walls())
    assert check.status == "note"
    assert "mount/pid/net/ipc namespaces and Landlock" in check.advice
    assert "hidden tests" in check.advice
    assert check.advice.count(".") == 1
