"""Landlock leaves a process the paths it names, and neither other files, nor ports, nor signals."""

import os
from pathlib import Path

import pytest

from helpers.suite.grading.confinement.jail import landlock
from tests.jail import jailed

LEVEL = landlock.version()
pytestmark = pytest.mark.skipif(LEVEL < 1, reason="this kernel has no Landlock")
TRY = "def attempt(do):\n    try: do()\n    except OSError as error: say(type(error).__name__)\n"
TRY += "    else: say('worked')\n"


def test_a_path_that_is_not_named_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    code = f"{TRY}attempt(lambda: open({str(tmp_path / 'secret')!r}))\n"
    code += "attempt(lambda: open('own', 'w'))\n"
    code += "import os; attempt(lambda: os.listdir('..'))"
    assert jailed(tmp_path / "desk", code).words.split() == ["worked"] * 3
    (tmp_path / "desk" / "said").unlink()
    words = jailed(tmp_path / "desk", code, landlock=LEVEL).words.split()
    assert words == ["PermissionError", "worked", "PermissionError"]


def test_what_is_readable_is_not_writable(tmp_path: Path) -> None:
    import json

    code = f"{TRY}import json; attempt(lambda: open(json.__file__, 'a'))"
    assert os.access(json.__file__, os.W_OK) or os.geteuid() != 0
    assert jailed(tmp_path / "desk", code, landlock=LEVEL).words.split() == ["PermissionError"]


@pytest.mark.skipif(LEVEL < 4, reason="Landlock closes ports from version 4 on")
def test_only_the_plan_s_port_is_open(tmp_path: Path) -> None:
    code = (
        f"{TRY}import socket\nattempt(lambda: socket.create_server(('127.0.0.1', 47_123)))\n"
        "attempt(lambda: socket.create_server(('127.0.0.1', 47_124)))\n"
        "attempt(lambda: socket.create_connection(('192.0.2.1', 443), 1))"
    )
    said = jailed(tmp_path / "desk", code, landlock=LEVEL, ports=(47_123,))
    assert said.words.split() == ["worked", "PermissionError", "PermissionError"]


@pytest.mark.skipif(LEVEL < 6, reason="Landlock keeps signals in from version 6 on")
def test_no_signal_leaves(tmp_path: Path) -> None:
    code = f"{TRY}import os; attempt(lambda: os.kill({os.getpid()}, 0))\n"
    code += "attempt(lambda: os.kill(os.getppid(), 0))"
    said = jailed(tmp_path / "desk", code, landlock=LEVEL)
    assert said.words.split() == ["PermissionError"] * 2


@pytest.mark.parametrize("level", range(1, LEVEL + 1))
def test_every_older_version_works_too(level: int, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    code = f"{TRY}attempt(lambda: open({str(tmp_path / 'secret')!r}))"
    assert jailed(tmp_path / "desk", code, landlock=level).words.split() == ["PermissionError"]
