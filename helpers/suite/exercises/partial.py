"""What hidden tests are written with: shares of the points with a reason, answers read kindly."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Verdict = tuple[float, str]  # a share of the points, 0 to 1, and why it is not 1


def between(value: float, floor: float, full: float, reason: str) -> Verdict:
    """No points at `floor` or worse, all at `full` or better, a straight line between them."""
    share = min(1.0, max(0.0, (value - floor) / (full - floor)))
    return share, "" if share == 1 else reason


def shares(parts: Mapping[str, bool], reason: str) -> Verdict:
    """The share of `parts` that are right; `{wrong}` in `reason` stands for the others' names."""
    wrong = [name for name, right in parts.items() if not right]
    share = 1 - len(wrong) / len(parts)
    return share, reason.format(wrong=", ".join(wrong)) if wrong else ""


def mean(*parts: Verdict) -> Verdict:
    """Several parts of a task, each of the same weight; the reasons of all of them."""
    share = math.fsum(share for share, _ in parts) / len(parts)
    return share, " ".join(reason for _, reason in parts if reason)


def agreement(given: Any, expected: Sequence[str], what: str) -> Verdict:
    """How far a list of names is the right one: those in both, as a share of those in either."""
    assert isinstance(given, list), f"{what} should be a list."
    missing, surplus = set(expected) - set(map(str, given)), set(map(str, given)) - set(expected)
    share = 1 - len(missing | surplus) / max(1, len(set(expected) | surplus))
    reason = f"{what}: {len(missing)} missing, {len(surplus)} too many."
    return share, reason if missing or surplus else ""


def both_sides(given: Mapping[str, Any], expected: Mapping[str, Any], reason: str) -> Verdict:
    """How well names are told apart: the share right among each kind, averaged; guessing is 0.

    given, expected: name -> kind. Whoever calls all of them the same is right on one side only,
    which is worth nothing. `{wrong}` in `reason` becomes the number of wrong ones.
    """
    kinds = set(expected.values())
    right = {name: given.get(name) == kind for name, kind in expected.items()}
    rates = []
    for kind in kinds:
        of_kind = [name for name, known in expected.items() if known == kind]
        rates.append(sum(right[name] for name in of_kind) / len(of_kind))
    wrong = len(right) - sum(right.values())
    return between(sum(rates) / len(kinds), 1 / len(kinds), 1, reason.format(wrong=wrong))


def near(value: Any, expected: float, tolerance: float) -> bool:
    """Whether `value` is a number at most `tolerance` from `expected`."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return abs(value - expected) <= tolerance


def number(value: Any, what: str) -> float:
    """A finite number; AssertionError names `what` otherwise."""
    is_number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    assert is_number, f"{what} should be one number."
    return float(value)


def members(value: Any, names: Sequence[str], what: str) -> dict[str, Any]:
    """A dictionary that has all of `names`; AssertionError names those that are missing."""
    assert isinstance(value, Mapping), f"{what} should be a dictionary with {', '.join(names)}."
    missing = [name for name in names if name not in value]
    assert not missing, f"{what}: there is no {', '.join(missing)}."
    return dict(value)


def columns(value: Any, names: Sequence[str], what: str) -> "pd.DataFrame":
    """A table that has all of `names`; AssertionError names those that are missing."""
    assert hasattr(value, "columns"), f"{what} should be a table."
    missing = [name for name in names if name not in value.columns]
    assert not missing, f"{what} lacks the column {', '.join(missing)}."
    return value


def array(value: Any, shape: Sequence[int], what: str) -> Any:
    """An array of numbers of that shape, as float64; AssertionError says what else it is."""
    import numpy as np

    assert isinstance(value, np.ndarray), f"{what} should be an array."
    given = " x ".join(map(str, value.shape))
    wanted = " x ".join(map(str, shape))
    assert value.shape == tuple(shape), f"{what} is {given}, not {wanted}."
    assert np.isfinite(value).all(), f"{what} holds values that are no finite numbers."
    return value.astype(np.float64)
