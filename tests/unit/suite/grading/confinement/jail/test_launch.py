"""The warden leaves as the command did, and ends all of it when told to or when left alone."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from helpers.suite.grading.confinement.jail.plan import NO_WALL
from helpers.suite.grading.confinement.walls import find_walls
from tests.jail import jailed, plan_for, start

CHOICES = sorted({(), find_walls().namespaces})


@pytest.mark.parametrize("namespaces", CHOICES)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(0)", 0),
        ("raise SystemExit(7)", 7),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("import os; os.kill(os.getpid(), 11)", -signal.SIGSEGV),
    ],
)
def test_the_exit_code_or_signal_is_the_command_s(
    code: str, expected: int, namespaces: tuple[str, ...], tmp_path: Path
) -> None:
    assert jailed(tmp_path / "desk", code, namespaces=namespaces).code == expected


def test_a_plan_that_cannot_be_carried_out_starts_nothing_and_says_why(tmp_path: Path) -> None:
    said = jailed(tmp_path / "desk", "say('ran')", folder=str(tmp_path / "nowhere"))
    assert (said.code, said.words) == (NO_WALL, "")
    assert "nowhere" in said.complaint


@pytest.mark.parametrize("namespaces", CHOICES)
def test_the_warden_ends_everything_when_told_to(
    namespaces: tuple[str, ...], tmp_path: Path
) -> None:
    desk = tmp_path / "desk"
    desk.mkdir()
    warden = start(plan_for(desk, _STUBBORN, namespaces=namespaces), desk)
    _wait_for(lambda: (desk / "said").exists())
    below = psutil.Process(warden.pid).children(recursive=True)
    assert len(below) >= 3
    warden.terminate()
    warden.wait(10)
    assert [process for process in below if process.is_running()] == []


@pytest.mark.parametrize("namespaces", CHOICES)
def test_the_submission_ends_with_its_grader(namespaces: tuple[str, ...], tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    desk.mkdir()
    (tmp_path / "room" / "ipc").mkdir(parents=True)
    grader = os.fork()
    if grader == 0:
        settings = {"namespaces": namespaces, "room": str(tmp_path / "room")}
        start(plan_for(desk, _STUBBORN, **settings), desk).wait()
        os._exit(0)
    _wait_for(lambda: (desk / "said").exists())
    below = psutil.Process(grader).children(recursive=True)
    os.kill(grader, signal.SIGKILL)
    os.waitpid(grader, 0)
    _wait_for(lambda: not any(process.is_running() for process in below))
    assert not (tmp_path / "room").exists()


_STUBBORN = """
import os, signal, subprocess, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(['setsid', 'sleep', '90'])
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    time.sleep(90)
say('ready')
time.sleep(90)
"""


def _wait_for(true, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
