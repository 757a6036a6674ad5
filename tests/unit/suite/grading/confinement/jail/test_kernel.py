"""The kernel reports what it touches outside its desk, and nothing of what every program does."""

import json
import os
import subprocess
import sys
from pathlib import Path

from helpers.suite.grading.confinement.jail import kernel


def reports(code: str, folder: Path, *visible: str) -> list[list[str]]:
    """What `code` reports when only `visible` is its own."""
    reading, writing = os.pipe()
    start = (
        "import os, sys, importlib.util as u; os.dup2(int(sys.argv[1]), 3)\n"
        f"spec = u.spec_from_file_location('kernel', {kernel.__file__!r})\n"
        "kernel = u.module_from_spec(spec); spec.loader.exec_module(kernel)\n"
        f"sys.addaudithook(kernel.reporter({visible!r}))\n"
    )
    words = [sys.executable, "-c", start + code, str(writing)]
    subprocess.run(words, pass_fds=(writing,), cwd=folder, check=True)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return [json.loads(line) for line in pipe]


def test_paths_outside_are_reported_once_in_full(tmp_path: Path) -> None:
    code = "for _ in range(3):\n    try: open('own/../../hidden.py')\n    except OSError: pass\n"
    code += "open('own.txt', 'w'); os.listdir('.')"
    assert reports(code, tmp_path, str(tmp_path)) == [["path", str(tmp_path.parent / "hidden.py")]]


def test_a_path_that_only_begins_alike_is_outside(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk2").mkdir()
    code = "os.listdir('../desk2')"
    found = reports(code, tmp_path / "desk", str(tmp_path / "desk"))
    assert found == [["path", str(tmp_path / "desk2")]]


def test_commands_and_hosts_are_reported(tmp_path: Path) -> None:
    code = (
        "import subprocess, socket\nos.system('true hidden')\n"
        "subprocess.run(['true', 'a b'])\n"
        "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:\n"
        "    plug.connect(('127.0.0.1', 9))\n"
        "    try: plug.connect(('192.0.2.1', 9))\n    except OSError: pass"
    )
    found = [line for line in reports(code, tmp_path, "/") if line[0] != "path"]
    assert found == [["command", "true hidden"], ["command", "true a b"], ["host", "192.0.2.1"]]


def test_a_flood_of_reports_is_cut_off(tmp_path: Path) -> None:
    code = "for n in range(2000):\n    try: open(f'/nowhere/{n}')\n    except OSError: pass"
    assert len(reports(code, tmp_path, sys.prefix, sys.base_prefix, "/usr")) <= 500
