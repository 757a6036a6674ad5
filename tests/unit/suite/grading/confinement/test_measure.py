"""What a submission uses is measured whole: children, shared pages, deleted and sparse files."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from helpers.suite.grading.confinement.measure import resident, threads_of, tree, unlinked, written

MEBIBYTE = 2**20


def test_the_tree_holds_children_of_children() -> None:
    with _running("import subprocess; subprocess.Popen(['sleep', '9']); print(flush=True)") as top:
        names = [process.name() for process in tree(top.pid)]
    assert len(names) == 2
    assert names[1] == "sleep"
    assert tree(top.pid) == []


def test_shared_pages_count_once_when_it_matters() -> None:
    code = "import os\nheld = b'x' * 80_000_000\nfor _ in range(3):\n    if not os.fork(): break\n"
    code += "else: print(flush=True)"
    with _running(code) as top:
        processes = tree(top.pid)
        assert len(processes) == 4
        assert resident(processes, limit=10**12) > 300_000_000
        assert 80_000_000 < resident(processes, limit=1) < 200_000_000


def test_files_count_by_what_they_take_on_disk(tmp_path: Path) -> None:
    (tmp_path / "full").write_bytes(bytes(MEBIBYTE))
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(MEBIBYTE * 1000)
    (tmp_path / "link").symlink_to("/usr")
    found = written([tmp_path, tmp_path / "missing"], 100)
    assert MEBIBYTE <= found.size < 2 * MEBIBYTE
    assert (found.files, found.hidden) == (3, False)


def test_counting_stops_past_the_limit(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / str(number)).touch()
    assert written([tmp_path], 10).files == 11


def test_a_folder_too_deep_to_look_into_is_noted(tmp_path: Path) -> None:
    (tmp_path / "/".join("x" * 70)).mkdir(parents=True)
    assert written([tmp_path], 1000).hidden


@pytest.mark.skipif(os.geteuid() == 0, reason="root can look everywhere")
def test_a_locked_folder_is_noted(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir(mode=0)
    assert written([tmp_path], 1000).hidden


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows open files by process")
def test_files_without_a_name_are_found(tmp_path: Path) -> None:
    code = "import os\nfile = open('big', 'wb', buffering=0); os.unlink('big')\n"
    code += f"file.write(bytes({MEBIBYTE}))\nmemory = os.memfd_create('x')\n"
    code += f"os.write(memory, bytes({2 * MEBIBYTE})); print(flush=True)"
    with _running(code, cwd=tmp_path) as top:
        assert unlinked(tree(top.pid)) >= 3 * MEBIBYTE
    assert unlinked([psutil.Process()]) < MEBIBYTE


def test_threads_of_a_user_are_counted() -> None:
    assert threads_of(os.getuid()) >= psutil.Process().num_threads()


class _running:
    """A Python program that has printed a line and then waits, until the block ends."""

    def __init__(self, code: str, **options: object):
        words = [sys.executable, "-c", f"{code}\nimport time; time.sleep(60)"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, **options)

    def __enter__(self) -> subprocess.Popen:
        self.process.stdout.readline()
        return self.process

    def __exit__(self, *_: object) -> None:
        for process in reversed(tree(self.process.pid)):
            process.kill()
        self.process.communicate()
