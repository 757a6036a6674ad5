"""Hidden tests, values and floors: a share and a reason, whatever the answer does to them."""

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.core.errors import SuiteError
from helpers.suite.grading.marks import checking
from helpers.suite.grading.marks.checking import judge_answers
from helpers.suite.grading.marks.judging import agrees

HIDDEN = """
import os, signal, sys, time


def test_good(answers, seed):
    print("what a test prints is no verdict")
    assert answers["01_a"] == seed


def test_half(answers, seed):
    return 0.5, "half of it."


def test_share(answers, seed):
    return 0.25


def test_bare(answers, seed):
    assert answers["01_a"] == -1


def test_stumbles(answers, seed):
    return answers["01_a"]["key"]


def test_slow(answers, seed):
    try:
        time.sleep(60)
    except Exception:
        pass


def test_dies(answers, seed):
    os.kill(os.getpid(), signal.SIGKILL)


def test_hungry(answers, seed):
    return float(len(bytearray(40 << 30)))


def test_too_much(answers, seed):
    return 1.5


def reference_n(seed):
    return {"n": seed, "names": ["a", "b"]}
"""


@pytest.fixture
def place(tmp_path: Path) -> SimpleNamespace:
    hidden, answers = tmp_path / "hidden", tmp_path / "answers"
    hidden.mkdir()
    answers.mkdir()
    (hidden / "test_01_x.py").write_text(HIDDEN, encoding="utf-8")
    (answers / "01_a.json").write_text("7")
    return SimpleNamespace(hidden=hidden, answers=answers)


def hidden(name: str) -> checking.Check:
    from helpers.suite.grading.marks.rubric import HiddenCheck

    return HiddenCheck(
        id=name,
        notebook="01_x",
        title=f"About {name}",
        points=1,
        kind="hidden",
        test=f"test_{name}",
    )


def judged(place: SimpleNamespace, *checks: Any) -> dict[str, tuple[float, str]]:
    return judge_answers(checks, place.answers, place.hidden, 7)


def test_each_way_a_hidden_test_ends(place: SimpleNamespace) -> None:
    found = judged(place, *map(hidden, ("good", "half", "share", "bare", "stumbles")))
    assert found["good"] == (1.0, "")
    assert found["half"] == (0.5, "half of it.")
    assert found["share"] == (0.25, "Partly right: 25% of what was asked.")
    assert found["bare"] == (0.0, "Not as asked: About bare.")
    assert found["stumbles"][0] == 0
    assert "not of the kind" in found["stumbles"][1]


def test_a_test_that_dies_takes_no_other_with_it(place: SimpleNamespace) -> None:
    found = judged(place, *map(hidden, ("good", "dies", "hungry", "half")))
    assert found["good"][0] == 1
    assert found["dies"] == (0.0, "The check broke down on this answer.")
    assert "memory" in found["hungry"][1]
    assert found["half"][0] == 0.5


def test_a_test_that_hangs_is_stopped(place: SimpleNamespace, monkeypatch) -> None:
    monkeypatch.setattr(checking, "CHECK_SECONDS", 1.0)
    started = time.monotonic()
    found = judged(place, hidden("slow"), hidden("good"))
    assert found == {"slow": (0.0, "The check ran too long on this answer."), "good": (1.0, "")}
    assert time.monotonic() - started < 30


def test_a_broken_hidden_file_is_the_instructors_to_mend(place: SimpleNamespace) -> None:
    (place.hidden / "test_01_x.py").write_text("def broken(:\n", encoding="utf-8")
    with pytest.raises(SuiteError, match=r"test_01_x\.py"):
        judged(place, hidden("good"))
    (place.hidden / "test_01_x.py").write_text(HIDDEN, encoding="utf-8")
    with pytest.raises(SuiteError, match="test_nothing"):
        judged(place, hidden("nothing"))
    with pytest.raises(SuiteError, match=r"returned 1\.5"):
        judged(place, hidden("too_much"))


def test_hidden_tests_leave_no_byte_code(place: SimpleNamespace) -> None:
    judged(place, hidden("good"))
    assert [path.name for path in place.hidden.iterdir()] == ["test_01_x.py"]


def value(**values: Any) -> checking.Check:
    from helpers.suite.grading.marks.rubric import ValueCheck

    basic = {"id": "v", "notebook": "01_x", "title": "V", "points": 1, "kind": "value"}
    return ValueCheck(**basic | {"answer": "01_a"} | values)


def test_a_value_is_compared_within_its_tolerance(place: SimpleNamespace) -> None:
    assert judged(place, value(value=7.4, absolute=0.5))["v"] == (1.0, "")
    assert judged(place, value(value=7.4, relative=0.1))["v"] == (1.0, "")
    share, reason = judged(place, value(value=9, absolute=0.5))["v"]
    assert (share, "01_a is 7" in reason, "9" in reason) == (0, True, False)


def test_a_value_may_come_from_the_hidden_file_by_the_seed(place: SimpleNamespace) -> None:
    (place.answers / "01_a.json").write_text(json.dumps({"names": ["a", "b"], "n": 7}))
    assert judged(place, value(reference="n"))["v"] == (1.0, "")
    assert judged(place, value(field="n", value=7))["v"] == (1.0, "")
    assert "no entry 'm'" in judged(place, value(field="m", value=7))["v"][1]


@pytest.mark.parametrize(
    ("answer", "share"),
    [("0.4", 0), ("0.5", 0), ("0.7", 0.5), ("0.9", 1), ("1.0", 1), ('"0.9"', 0), ("true", 0)],
)
def test_a_floor_pays_in_proportion(place: SimpleNamespace, answer: str, share: float) -> None:
    from helpers.suite.grading.marks.rubric import FloorCheck

    (place.answers / "01_a.json").write_text(answer)
    check = FloorCheck(
        id="f",
        notebook="01_x",
        title="F",
        points=4,
        kind="floor",
        answer="01_a",
        floor=0.5,
        full=0.9,
    )
    found, reason = judged(place, check)["f"]
    assert found == pytest.approx(share)
    assert bool(reason) == (share < 1)


def test_a_floor_may_ask_for_little(place: SimpleNamespace) -> None:
    from helpers.suite.grading.marks.rubric import FloorCheck

    (place.answers / "01_a.json").write_text("0.2")
    check = FloorCheck(
        id="f",
        notebook="01_x",
        title="F",
        points=4,
        kind="floor",
        answer="01_a",
        floor=0.5,
        full=0.1,
    )
    assert judged(place, check)["f"][0] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (1, True, True),
        ("a", "a", True),
        ("1", 1, False),
        ([1, 2], (1, 2), True),
        ([1], [1, 2], False),
        (np.array([1.0, 2.0]), [1, 2.001], True),
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        ({"1": 2}, {1: 2}, True),
        ({"a": 1}, {"b": 1}, False),
        (float("nan"), 1, False),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]}), True),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]}), False),
        (None, 1, False),
    ],
)
def test_what_agrees(found: Any, wanted: Any, same: bool) -> None:
    assert bool(agrees(found, wanted, 0.01, 0)) == same
