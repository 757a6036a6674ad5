"""05: the answers on the threshold, the clinic, the interval and the weakest view."""

import numpy as np
import pandas as pd

from helpers.suite.exercises.data import scores
from helpers.suite.exercises.partial import between, mean, members, near, number, shares

TOLERANCE = 0.006  # answers rounded to two decimals count


def test_05_line(answers, seed):
    given = members(answers["05_line"], ["threshold", "sensitivity", "specificity"], "The line")
    threshold = number(given["threshold"], "The threshold")
    validation, test = _split(seed, "validation"), _split(seed, "test")
    reached = _rates(test, threshold)
    reported = {name: near(given[name], reached[name], TOLERANCE) for name in reached}
    reported = shares(reported, "Not what that threshold reaches on the test films: {wrong}.")
    return mean(_highest(validation, threshold, scores.draw_target(seed)), reported)


def reference_ppv(seed: int) -> float:
    """Share of right alarms in the clinic, at threshold 0.5."""
    found, false = _alarms(seed)
    return found / (found + false)


def reference_false_alarms(seed: int) -> float:
    """Healthy visitors with an alarm, of 1,000 visitors."""
    return 1000 * _alarms(seed)[1]


def test_05_interval(answers, seed):
    given = answers["05_interval"]
    assert isinstance(given, list) and len(given) == 2, "The interval should be a list of two."
    low, high = (number(end, "An end of the interval") for end in given)
    test = _split(seed, "test")
    right = ((test["score"] >= 0.5) == test["ill"]).groupby(test["patient_id"])
    films = right.agg(["sum", "size"]).to_numpy()
    drawn = np.random.default_rng(0).integers(len(films), size=(6000, len(films)))
    sums = films[drawn].sum(axis=1)
    expected = np.percentile(sums[:, 0] / sums[:, 1], [2.5, 97.5])
    off = max(abs(low - expected[0]), abs(high - expected[1]))
    reason = f"An end of the interval is off by {off:.3f}; were whole patients drawn?"
    return between(-off, -0.02, -0.012, reason)


def test_05_weakest(answers, seed):
    given = members(answers["05_weakest"], ["view", "sensitivity"], "The weakest view")
    by_view = {
        view: _rates(films, 0.5)["sensitivity"]
        for view, films in _split(seed, "test").groupby("view")
    }
    view = min(by_view, key=by_view.__getitem__)
    right = {"view": given["view"] == view}
    right["sensitivity"] = near(given["sensitivity"], by_view[view], TOLERANCE)
    return shares(right, "Not right: {wrong}.")


def _split(seed: int, name: str) -> pd.DataFrame:
    table = scores.draw_scores(seed)
    return table[table["split"] == name]


def _rates(films: pd.DataFrame, threshold: float) -> dict[str, float]:
    alarm = films["score"] >= threshold
    found = alarm[films["ill"]].mean()
    return {"sensitivity": float(found), "specificity": float(1 - alarm[~films["ill"]].mean())}


def _highest(validation: pd.DataFrame, threshold: float, target: float) -> tuple[float, str]:
    """Whether a threshold one ill film higher would miss too many: all up to that film are one."""
    if _rates(validation, threshold)["sensitivity"] < target - 1e-9:
        return 0.0, "At that threshold too few of the ill validation films raise an alarm."
    of_the_ill = validation.loc[validation["ill"], "score"]
    higher = of_the_ill[of_the_ill >= threshold].nsmallest(2)
    if len(higher) > 1 and _rates(validation, higher.iloc[1])["sensitivity"] >= target - 1e-9:
        return 0.0, "A higher threshold finds the wanted share of the ill as well."
    return 1.0, ""


def _alarms(seed: int) -> tuple[float, float]:
    """Right and false alarms as shares of the clinic's visitors."""
    rates, ill = _rates(_split(seed, "test"), 0.5), scores.draw_prevalence(seed)
    return rates["sensitivity"] * ill, (1 - rates["specificity"]) * (1 - ill)
