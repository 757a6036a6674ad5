"""Scores of one split in the shape of `metrics.json`, each with its interval and its count."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from helpers.core.errors import UsageError
from helpers.model.intervals import Resampled, bootstrap, describe
from helpers.model.predictions import Predictions, check_predictions
from helpers.model.tally import BY_CLASS, Column, Tally

LEVEL = 0.95
RESAMPLES = 2000


def score(
    labels: Sequence[str],
    probabilities: np.ndarray,
    classes: Sequence[str],
    groups: Sequence[Hashable] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Score labels (N,) and probabilities (N, C); `groups` names each film's patient.

    options: those of `score_predictions`. Raises SuiteError for input that cannot be scored.
    """
    return score_predictions(check_predictions(labels, probabilities, classes, groups), **options)


def score_predictions(
    predictions: Predictions,
    *,
    split: str = "test",
    prevalence: float | Mapping[str, float] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> dict[str, Any]:
    """All scores of one split as plain values, ready for `metrics.json`.

    prevalence: the share of each class among the people to be examined, for `ppv` and `npv`: one
    number for every class, or one by class; by default the shares found in these films. An
    overall `auroc` or `auprc` is the mean of each class against the rest. What cannot be computed
    is null with a `reason`; `notes` says in sentences what a reader must know.
    """
    shares = class_shares(predictions, prevalence)
    tally = Tally(predictions, shares)
    resampled = bootstrap(tally, predictions.patient_count, resamples, seed)
    scores: dict[str, Any] = {
        "split": split,
        "n": len(predictions.truth),
        "patients": predictions.patient_count if predictions.by_patient else None,
        "classes": list(predictions.classes),
        "films_by_class": counts_by_class(predictions.truth, predictions.classes),
        "confusion": confusion_counts(predictions),
        "interval": _interval_words(predictions, level, resamples),
        "prevalence": {name: round(share, 6) for name, share in shares.items()},
        "notes": notes(predictions, split),
    }
    for position, column in enumerate(tally.columns):
        described = _describe(predictions, resampled, position, column, level, split)
        if column.class_code is None:
            scores[column.metric] = described
        else:
            name = predictions.classes[column.class_code]
            scores.setdefault(column.metric, {})[name] = described
    _mend_predictive_values(scores, shares)
    return scores


def class_shares(
    predictions: Predictions, prevalence: float | Mapping[str, float] | None
) -> dict[str, float]:
    """The prevalence of each class; UsageError where it is no share between 0 and 1."""
    classes = predictions.classes
    if prevalence is None:
        found = np.bincount(predictions.truth, minlength=len(classes)) / len(predictions.truth)
        return dict(zip(classes, found.tolist(), strict=True))
    given = prevalence if isinstance(prevalence, Mapping) else dict.fromkeys(classes, prevalence)
    missing = [name for name in classes if name not in given]
    if missing:
        raise UsageError(f"prevalence has no share for {missing[0]}: give one for each class.")
    for name in classes:
        if not 0 < given[name] < 1:
            raise UsageError(
                f"prevalence of {name} is {given[name]}: give a share between 0 and 1, such as 0.1."
            )
    return {name: float(given[name]) for name in classes}


def confusion_counts(predictions: Predictions) -> list[list[int]]:
    """Films by true class (rows) and predicted class (columns)."""
    classes = len(predictions.classes)
    pairs = predictions.truth * classes + predictions.predicted
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes).tolist()


def counts_by_class(truth: np.ndarray, classes: Sequence[str]) -> dict[str, int]:
    """How many films have each class."""
    counts = np.bincount(truth, minlength=len(classes))
    return dict(zip(classes, counts.tolist(), strict=True))


def notes(predictions: Predictions, split: str) -> list[str]:
    """What makes the scores of these films hard to read, in one sentence each."""
    found = []
    counts = counts_by_class(predictions.truth, predictions.classes)
    for name in (name for name, films in counts.items() if films == 0):
        found.append(
            f"No film of {name} is in the {split} split: its sensitivity and AUROC are undefined, "
            "and the means over classes leave it out."
        )
    called = np.unique(predictions.predicted)
    if len(called) == 1:
        found.append(
            f"Every film is called {predictions.classes[called[0]]}: the model tells nothing apart."
        )
    if predictions.patient_count < 20:
        found.append(
            f"Only {predictions.patient_count} patients are in the {split} split: "
            "read every score as a first hint."
        )
    if not predictions.by_patient:
        found.append("Patients are unknown: each film counts as a patient of its own.")
    return found


def _interval_words(predictions: Predictions, level: float, resamples: int) -> str:
    unit = "patients" if predictions.by_patient else "films"
    return f"{level:.0%} BCa bootstrap over {unit}, {resamples} resamples"


def _describe(
    predictions: Predictions,
    resampled: Resampled,
    position: int,
    column: Column,
    level: float,
    split: str,
) -> dict[str, Any]:
    described = describe(
        resampled,
        position,
        n=column.films,
        patients=column.patients,
        level=level,
        kind="gap" if column.metric == "ece" else "share",
    )
    if described["value"] is None:
        described["reason"] = _why_undefined(predictions, column, split)
    return described


def _why_undefined(predictions: Predictions, column: Column, split: str) -> str:
    """The reason why a score has no value, as a clause."""
    if column.class_code is None:
        never = np.setdiff1d(predictions.truth, predictions.predicted)
        if column.metric == "macro_precision" and len(never):
            return f"no film was called {predictions.classes[never[0]]}"
        return f"only one class is in the {split} split"
    name = predictions.classes[column.class_code]
    if column.metric == "precision":
        return f"no film was called {name}"
    if not (predictions.truth == column.class_code).any():
        return f"no film of {name} is in the {split} split"
    if (predictions.truth == column.class_code).all():
        return f"no film of another class is in the {split} split"
    return f"no film was called {name}"


def _mend_predictive_values(scores: dict[str, Any], shares: Mapping[str, float]) -> None:
    """Give a PPV or NPV of exactly 1 the low bound that its specificity or sensitivity allows.

    Without a false alarm every resample says PPV = 1 whatever the prevalence; the uncertain part
    is the false alarm rate, and where the disease is rare a small one is enough to spoil PPV.
    """
    for name, share in shares.items():
        sensitivity, specificity = scores["sensitivity"][name], scores["specificity"][name]
        _lower(scores["ppv"][name], sensitivity["value"], specificity["low"], share)
        _lower(scores["npv"][name], specificity["value"], sensitivity["low"], 1 - share)


def _lower(predictive: dict[str, Any], hit: float | None, reject: float | None, share: float):
    if predictive["value"] != 1 or predictive["low"] is None or not hit or reject is None:
        return
    true, false = hit * share, (1 - reject) * (1 - share)
    predictive["low"] = round(min(predictive["low"], true / (true + false)), 6)


def flat_scores(scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`metrics.json` as rows `{metric, class, value, low, high, n}`; class is "" when overall."""
    rows = []
    for metric, content in scores.items():
        if isinstance(content, Mapping) and "value" in content:
            rows.append({"metric": metric, "class": ""} | dict(content))
        elif metric in BY_CLASS:
            rows += [{"metric": metric, "class": name} | dict(row) for name, row in content.items()]
    return rows
