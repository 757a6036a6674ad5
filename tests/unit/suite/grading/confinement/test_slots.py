"""Each submission that runs has a user number that no other has."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from helpers.suite.grading.confinement.slots import own_user
from helpers.suite.grading.confinement.walls import FIRST_USER, LAST_USER, Walls

OWN = Walls(other_user=True)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


def test_without_that_wall_there_is_no_other_user() -> None:
    with own_user(Walls()) as user:
        assert user is None


@needs_root
def test_two_at_once_have_two_numbers_and_give_them_back() -> None:
    with ExitStack() as stack:
        users = [stack.enter_context(own_user(OWN)) for _ in range(5)]
        assert len(set(users)) == 5
        assert all(FIRST_USER <= user <= LAST_USER for user in users)
    with own_user(OWN) as user:
        assert user <= users[0]


@needs_root
def test_another_process_has_another_number() -> None:
    code = "from helpers.suite.grading.confinement.slots import own_user\n"
    code += "from helpers.suite.grading.confinement.walls import Walls\n"
    code += "with own_user(Walls(True)) as user: print(user, flush=True); input()"
    with (
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other,
        own_user(OWN) as user,
    ):
        assert int(other.stdout.readline()) != user
        other.communicate("\n")


@needs_root
def test_what_a_killed_grader_left_is_ended(leftover: subprocess.Popen) -> None:
    with own_user(OWN) as user:
        if user == leftover.args[-1]:
            leftover.wait(5)
    with ExitStack() as stack:
        while stack.enter_context(own_user(OWN)) < FIRST_USER + 20:
            continue
        assert leftover.wait(5) != 0


@pytest.fixture
def leftover() -> Iterator[subprocess.Popen]:
    """A process that runs as one of the numbers although no submission does."""
    user = FIRST_USER + 19
    process = subprocess.Popen(["sleep", "60"], user=user, group=user)
    assert psutil.Process(process.pid).uids().real == user
    yield process
    process.kill()
    process.wait()
