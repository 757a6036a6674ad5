"""The watch ends a submission that uses too much, and says which limit it was."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.suite.grading.confinement.confine import Confinement, Room
from helpers.suite.grading.confinement.desk import HOME, Desk
from helpers.suite.grading.confinement.limits import MEBIBYTE, Limits
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.confinement.reports import Reports
from helpers.suite.grading.confinement.walls import Walls
from helpers.suite.grading.confinement.watch import Watch


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "desk")
    made.prepare(None)
    return made


@pytest.fixture
def room(desk: Desk) -> Iterator[Room]:
    made = Confinement(Walls(), None, desk, Limits()).room("01_ingest")
    yield made
    made.remove()


@pytest.fixture
def verdict(desk: Desk, room: Room) -> Callable[..., Status | None]:
    """The verdict on a program that runs below a warden (which is no jail here)."""

    def watched(code: str, seconds: float = 10, **limits: object) -> Status | None:
        with Watch(desk, Limits(**limits), Reports([])) as watch:
            watch.follow(_warden(code, desk), room)
            deadline = time.monotonic() + seconds
            while not watch.verdict and time.monotonic() < deadline:
                time.sleep(0.05)
        return watch.verdict

    return watched


WAIT = "\nimport time; time.sleep(60)"


def test_a_modest_program_is_left_alone(verdict) -> None:
    assert verdict("print()" + WAIT, seconds=1.5) is None


def test_the_peak_is_kept(desk: Desk, room: Room) -> None:
    with Watch(desk, Limits(), Reports([])) as watch:
        watch.follow(_warden("held = b'x' * 50_000_000; del held" + WAIT, desk), room)
        time.sleep(1)
    assert watch.peak_bytes > MEBIBYTE


def test_time_for_all_notebooks_runs_out(verdict) -> None:
    assert verdict("print()" + WAIT, total_seconds=0.6) is Status.TOTAL_TIMEOUT


def test_memory_of_children_counts(verdict) -> None:
    code = "import os\nfor _ in range(3): os.fork()\nheld = bytearray(os.urandom(2**20)) * 20"
    assert verdict(code + WAIT, memory_bytes=100 * MEBIBYTE) is Status.OUT_OF_MEMORY


def test_processes_are_counted(verdict) -> None:
    code = "import subprocess\nfor _ in range(9): subprocess.Popen(['sleep', '60'])"
    assert verdict(code + WAIT, processes=5) is Status.TOO_MANY_PROCESSES


def test_files_are_counted_and_weighed(verdict, desk: Desk) -> None:
    code = f"import os; os.chdir({str(desk.folder / HOME)!r})\n"
    big = code + "open('big', 'wb').write(bytes(9_000_000))"
    assert verdict(big + WAIT, written_bytes=MEBIBYTE) is Status.TOO_MUCH_WRITTEN


def test_many_small_files_are_too_much(verdict, desk: Desk) -> None:
    code = f"import os; os.chdir({str(desk.folder / HOME)!r})\n"
    code += "for n in range(99): open(str(n), 'w').close()"
    assert verdict(code + WAIT, files=50) is Status.TOO_MUCH_WRITTEN


def test_files_beside_the_sockets_count(verdict, room: Room) -> None:
    code = f"open({str(room.ipc / 'big')!r}, 'wb').write(bytes(9_000_000))"
    assert verdict(code + WAIT, written_bytes=MEBIBYTE) is Status.TOO_MUCH_WRITTEN


def test_what_is_left_below_a_killed_warden_is_ended(desk: Desk, room: Room) -> None:
    with Watch(desk, Limits(), Reports([])) as watch:
        warden = _warden("print()" + WAIT, desk)
        watch.follow(warden, room)
        while not watch.peak_bytes:
            time.sleep(0.05)
        child = int(Path(f"/proc/{warden.pid}/task/{warden.pid}/children").read_text().split()[0])
        warden.kill()
        warden.wait()
        watch.let_go()
    deadline = time.monotonic() + 5
    while _lives(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(child)


def test_nothing_runs_on_when_the_watch_itself_fails(desk: Desk, room: Room) -> None:
    class Broken(Reports):
        def add(self, data: bytes) -> None:
            raise RuntimeError("the watch broke")

    warden = _warden("print()" + WAIT, desk)
    with pytest.raises(RuntimeError, match="broke"), Watch(desk, Limits(), Broken([])) as watch:
        watch.follow(warden, room)
        warden.wait(10)
    assert watch.verdict is Status.KERNEL_KILLED


def test_a_new_notebook_may_start_unless_the_whole_is_over(desk: Desk) -> None:
    with Watch(desk, Limits(), Reports([])) as watch:
        for status, over in (
            (Status.OUT_OF_MEMORY, False),
            (Status.TOO_MUCH_WRITTEN, True),
            (Status.TOTAL_TIMEOUT, True),
        ):
            watch.next_notebook()
            watch.stop(status)
            assert watch.over() is over


def _warden(code: str, desk: Desk) -> subprocess.Popen:
    """A process that ends its one child (and the child's) with itself."""
    outer = (
        "import os, signal, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]], process_group=0)\n"
        "def end(*_): os.killpg(child.pid, 9); os._exit(0)\n"
        "signal.signal(signal.SIGTERM, end); child.wait(); signal.pause()"
    )
    return subprocess.Popen([sys.executable, "-c", outer, code], cwd=desk.folder)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
