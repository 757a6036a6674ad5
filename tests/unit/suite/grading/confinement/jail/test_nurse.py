"""The nurse prepares the inside and leaves no process behind."""

from pathlib import Path

import psutil
import pytest

from helpers.suite.grading.confinement.jail.plan import NAMESPACES
from helpers.suite.grading.confinement.walls import find_walls
from tests.jail import jailed

needs_namespaces = pytest.mark.skipif(
    find_walls().namespaces != NAMESPACES, reason="no namespaces may be made here"
)


@pytest.mark.parametrize("namespaces", sorted({(), find_walls().namespaces}))
def test_orphans_end_with_the_command(namespaces: tuple[str, ...], tmp_path: Path) -> None:
    code = "import subprocess\nsubprocess.Popen(['setsid', 'sh', '-c', 'sleep 64.5 & sleep 64.5'])"
    assert jailed(tmp_path / "desk", code, namespaces=namespaces).code == 0
    assert not [process for process in psutil.process_iter(["cmdline"]) if _is_orphan(process)]


@needs_namespaces
def test_it_is_process_one_and_sees_no_other(tmp_path: Path) -> None:
    code = "import os, glob\nsay(os.getppid(), len(glob.glob('/proc/[0-9]*')))"
    assert jailed(tmp_path / "desk", code, namespaces=NAMESPACES).words == "1 2\n"


@needs_namespaces
def test_there_is_a_loopback_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import socket\nsay([name for _, name in socket.if_nameindex() if name != 'lo'] == [])\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "say(socket.create_connection(server.getsockname()).getpeername()[0])"
    )
    words = jailed(tmp_path / "desk", code, namespaces=NAMESPACES).words
    assert words.splitlines()[-1] == "127.0.0.1"


@needs_namespaces
def test_shared_memory_is_small(tmp_path: Path) -> None:
    code = "say(open('/proc/sys/kernel/shmall').read().strip())"
    assert jailed(tmp_path / "desk", code, namespaces=NAMESPACES).words == "16384\n"


def _is_orphan(process: psutil.Process) -> bool:
    return "64.5" in (process.info["cmdline"] or [])
