"""The walls that are found hold, what every submission may read is little, gaps are told."""

import os
import sys
from pathlib import Path

import pytest

from helpers.core.runs import PROJECT
from helpers.suite.grading.confinement.jail.plan import NAMESPACES
from helpers.suite.grading.confinement.walls import (
    Walls,
    find_walls,
    isolation,
    visible_paths,
    weaker,
)

ALL = Walls(other_user=True, namespaces=NAMESPACES, landlock=7)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has these walls")
def test_what_was_found_is_no_more_than_what_the_system_has() -> None:
    walls = find_walls()
    assert walls.other_user <= (os.geteuid() == 0)
    assert set(walls.namespaces) <= set(NAMESPACES)
    assert find_walls() is walls


def test_the_checkout_as_a_whole_is_not_to_be_seen() -> None:
    shown = [Path(path) for path in visible_paths()]
    for secret in (PROJECT, PROJECT / "params", PROJECT / "notebooks", PROJECT / "tests"):
        assert not [path for path in shown if secret.is_relative_to(path)]
    for secret in (
        "/etc/shadow",
        "/home",
        "/tmp",
        str(Path.home() / ".ssh"),
        str(Path.home() / ".aws"),
    ):
        assert not [path for path in shown if Path(secret).is_relative_to(path)]
    assert any(Path(sys.executable).is_relative_to(path) for path in shown)


def test_nothing_is_weaker_behind_all_walls() -> None:
    assert weaker(ALL) == ""
    assert all("Weaker" not in sentence for sentence in isolation(ALL))


@pytest.mark.parametrize(
    ("walls", "words"),
    [
        (Walls(), ("can read what you can read", "network is open", "signals", "Docker")),
        (Walls(other_user=True), ("can read what anyone can read", "network is open")),
        (Walls(landlock=7), ("UDP is open", "shared memory", "Docker")),
        (Walls(landlock=3), ("network is open", "signals")),
        (Walls(namespaces=("pid", "net", "ipc")), ("can read what you can read",)),
    ],
)
def test_each_gap_is_told_in_one_sentence(walls: Walls, words: tuple[str, ...]) -> None:
    sentences = [one for one in isolation(walls) if one.startswith("Weaker here")]
    assert len(sentences) == 1
    assert sentences[0].count(".") == 1
    assert [word for word in words if word not in sentences[0]] == []


def test_what_holds_is_told_too() -> None:
    assert any("a user of its own" in sentence for sentence in isolation(ALL))
    assert any("no credentials" in sentence for sentence in isolation(Walls()))
