"""Alarm thresholds: chosen on validation films, then judged on films that had no say in them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from helpers.core.errors import SuiteError, UsageError
from helpers.model.intervals import bootstrap, describe
from helpers.model.predictions import Predictions


def choose_threshold(positive: np.ndarray, scores: np.ndarray, specificity: float) -> float:
    """The lowest threshold whose alarm `score >= threshold` keeps the wanted specificity.

    positive: bool (N,), scores: (N,) in 0..1, both from the validation split. It lies half-way
    to the next lower score, so a film as suspicious as the last one counted still raises it.
    Raises UsageError for a specificity that is no share, SuiteError where no film is negative.
    """
    if not 0 < specificity < 1:
        raise UsageError(
            f"specificity is {specificity}: give a share between 0 and 1, such as 0.9."
        )
    negatives = np.sort(scores[~positive])[::-1]
    if len(negatives) == 0:
        raise SuiteError("The validation split has one class only, so it can set no threshold.")
    alarms_allowed = int(np.floor((1 - specificity) * len(negatives) + 1e-9))
    if alarms_allowed == len(negatives):
        return 0.0
    highest_cleared = negatives[alarms_allowed]
    above = scores[scores > highest_cleared]
    return float((highest_cleared + (above.min() if len(above) else 1.0)) / 2)


def choose_thresholds(validation: Predictions, specificity: float) -> dict[str, float]:
    """One threshold for each class that has films in the validation split."""
    return {
        name: round(
            choose_threshold(
                validation.truth == code, validation.probabilities[:, code], specificity
            ),
            6,
        )
        for code, name in enumerate(validation.classes)
        if (validation.truth == code).any()
    }


def judge_thresholds(
    test: Predictions,
    thresholds: Mapping[str, float],
    specificity: float,
    *,
    resamples: int,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """What each class's threshold reaches on the test films.

    For each class: `threshold`, `wanted_specificity`, and the `sensitivity` and `specificity`
    reached, each with its interval over patients.
    """
    return {
        name: {"threshold": threshold, "wanted_specificity": specificity}
        | _reached(test, test.classes.index(name), threshold, resamples, seed)
        for name, threshold in thresholds.items()
    }


def _reached(
    test: Predictions, code: int, threshold: float, resamples: int, seed: int
) -> dict[str, Any]:
    positive = test.truth == code
    alarm = test.probabilities[:, code] >= threshold
    counts = np.zeros((test.patient_count, 4))
    columns = [positive & alarm, positive, ~positive & ~alarm, ~positive]
    np.add.at(counts, test.patients, np.column_stack(columns).astype(float))

    def rates(weights: np.ndarray) -> np.ndarray:
        sums = weights @ counts
        with np.errstate(invalid="ignore"):
            return sums[:, [0, 2]] / sums[:, [1, 3]]

    resampled = bootstrap(rates, test.patient_count, resamples, seed)
    described = {}
    for column, (rate, films) in enumerate(
        {"sensitivity": positive, "specificity": ~positive}.items()
    ):
        described[rate] = describe(
            resampled, column, n=int(films.sum()), patients=test.patients_among(films)
        )
        if described[rate]["value"] is None:
            described[rate]["reason"] = "the films hold one side only"
    return described
