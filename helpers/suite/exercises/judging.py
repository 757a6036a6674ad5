"""What hidden tests are written with: partial credit with its reason, and answers read kindly."""

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


class Partial(float):
    """A share of the points, 0 to 1, with the sentence that says what is missing."""

    reason: str

    def __new__(cls, share: float, reason: str) -> "Partial":
        """The share, kept within 0 and 1."""
        partial = super().__new__(cls, min(1.0, max(0.0, share)))
        partial.reason = reason
        return partial


def between(value: float, floor: float, full: float, reason: str) -> Partial:
    """No points at `floor` or worse, all at `full` or better, a straight line between them."""
    share = (value - floor) / (full - floor)
    return Partial(share, "" if share >= 1 else reason)


def number(value: Any, what: str) -> float:
    """A finite number; AssertionError names `what` otherwise."""
    is_number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    assert is_number, f"{what} should be one number."
    return float(value)


def members(value: Any, names: Sequence[str], what: str) -> dict[str, Any]:
    """A dictionary that has all of `names`; AssertionError names those that are missing."""
    assert isinstance(value, Mapping), f"{what} should be a dictionary with {', '.join(names)}."
    missing = [name for name in names if name not in value]
    assert not missing, f"{what} lacks {', '.join(missing)}."
    return dict(value)


def columns(value: Any, names: Sequence[str], what: str) -> "pd.DataFrame":
    """A table that has all of `names`; AssertionError names those that are missing."""
    assert hasattr(value, "columns"), f"{what} should be a table."
    missing = [name for name in names if name not in value.columns]
    assert not missing, f"{what} lacks the column {', '.join(missing)}."
    return value


def shares(parts: Mapping[str, bool], reason: str) -> Partial:
    """The share of `parts` that are right; `reason` holds `{wrong}` for the names of the others."""
    wrong = [name for name, right in parts.items() if not right]
    share = 1 - len(wrong) / len(parts)
    return Partial(share, reason.format(wrong=", ".join(wrong)) if wrong else "")


def agreement(given: Any, expected: list[str], what: str) -> Partial:
    """How far a list of names is the right one: those in both, as a share of those in either."""
    assert isinstance(given, list), f"{what} should be a list."
    missing, surplus = set(expected) - set(map(str, given)), set(map(str, given)) - set(expected)
    share = 1 - len(missing | surplus) / len(set(expected) | surplus)
    reason = f"{what}: {len(missing)} missing, {len(surplus)} too many."
    return Partial(share, reason if missing or surplus else "")


def mean(*parts: Partial) -> Partial:
    """Several parts of a task, each of the same weight; the reasons of all of them."""
    return Partial(sum(parts) / len(parts), " ".join(part.reason for part in parts if part.reason))
