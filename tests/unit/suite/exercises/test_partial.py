"""Partial credit: a share and, whenever it is not the whole, a reason."""

import numpy as np
import pandas as pd
import pytest

from helpers.suite.exercises.partial import (
    agreement,
    array,
    between,
    both_sides,
    columns,
    mean,
    members,
    near,
    number,
    shares,
)


def test_between_floor_and_aim_runs_a_straight_line_both_ways() -> None:
    assert [between(x, 0.6, 0.8, "low")[0] for x in (0.5, 0.7, 0.9)] == [0, pytest.approx(0.5), 1]
    assert between(-0.01, -0.02, -0.01, "off") == (1, "")
    assert between(0.7, 0.6, 0.8, "low")[1] == "low"


def test_parts_that_are_wrong_are_named() -> None:
    assert shares({"a": True, "b": False}, "Not right: {wrong}.") == (0.5, "Not right: b.")
    assert shares({"a": True}, "Not right: {wrong}.") == (1, "")


def test_the_mean_keeps_all_reasons() -> None:
    assert mean((1, ""), (0.5, "One."), (0, "Two.")) == (0.5, "One. Two.")


def test_a_list_agrees_as_far_as_it_overlaps() -> None:
    assert agreement(["a", "b"], ["b", "a"], "Names") == (1, "")
    assert agreement(["a", "x"], ["a", "b"], "Names")[0] == pytest.approx(1 / 3)
    assert agreement([], [], "Names") == (1, "")


def test_calling_all_the_same_is_worth_nothing() -> None:
    expected = {"a": "used", "b": "used", "c": "used", "d": "broken"}
    assert both_sides(dict.fromkeys(expected, "used"), expected, "{wrong} wrong.")[0] == 0
    assert both_sides({}, expected, "{wrong} wrong.") == (0, "4 wrong.")
    assert both_sides(expected, expected, "{wrong} wrong.") == (1, "")


def test_a_number_is_near_only_as_a_number() -> None:
    assert near(np.float64(0.501), 0.5, 0.01)
    assert not any(near(value, 1, 0.1) for value in (True, "1", None, float("nan"), [1]))


@pytest.mark.parametrize(
    "refused",
    [
        lambda: number(True, "It"),
        lambda: number(float("nan"), "It"),
        lambda: members([1], ["a"], "It"),
        lambda: members({"a": 1}, ["a", "b"], "It"),
        lambda: columns([1], ["a"], "It"),
        lambda: columns(pd.DataFrame({"a": [1]}), ["a", "b"], "It"),
        lambda: array([1], [1], "It"),
        lambda: array(np.ones(2), [3], "It"),
        lambda: array(np.array([np.nan]), [1], "It"),
    ],
)
def test_an_answer_of_another_kind_is_a_sentence_for_the_student(refused) -> None:
    with pytest.raises(AssertionError, match=r"^It.*\.$"):
        refused()
