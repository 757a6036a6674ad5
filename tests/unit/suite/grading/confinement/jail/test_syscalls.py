"""System calls that attacks begin with are refused; threads and processes work as ever."""

import sys
from pathlib import Path

import pytest

from tests.jail import jailed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such filters")
LIBRARY = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"


@pytest.mark.parametrize(
    "call",
    [
        "libc.unshare(0x10000000)",
        "libc.ptrace(0, 0, 0, 0)",
        "libc.mount(None, b'/', None, 1, None)",
        "libc.setns(3, 0)",
        "libc.syscall(425, 1, None)",
    ],
)
def test_such_a_call_is_not_permitted(call: str, tmp_path: Path) -> None:
    said = jailed(tmp_path / "desk", f"{LIBRARY}say({call}, ctypes.get_errno())")
    assert said.words == "-1 1\n"


def test_no_child_with_a_user_namespace_of_its_own(tmp_path: Path) -> None:
    code = "import subprocess\ndone = subprocess.run(['unshare', '-U', 'true'])\n"
    assert jailed(tmp_path / "desk", code + "say(done.returncode)").words == "1\n"


def test_threads_processes_and_pools_work(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, threading, multiprocessing\n"
        "thread = threading.Thread(target=say, args=('thread',)); thread.start(); thread.join()\n"
        "subprocess.run(['true'], check=True)\n"
        "os.waitpid(os.posix_spawn('/bin/true', ['x'], {}), 0)\n"
        "pool = multiprocessing.get_context('fork').Pool(2); say(pool.map(abs, [-1, 2]))"
    )
    said = jailed(tmp_path / "desk", code, environment={"PATH": "/usr/bin:/bin"})
    assert said.words == "thread\n[1, 2]\n"
