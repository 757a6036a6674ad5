"""Every score as a function of how often each patient counts, for all resamples at once.

Scores made of sums (all but AUROC and AUPRC) need only one matrix product: patient weights
(B, P) times sums by patient (P, K). A weight of one for everybody gives the score itself, so the
value and its interval come from the same lines.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from helpers.model.predictions import Predictions
from helpers.model.ranking import Ranking

CALIBRATION_BINS = 10
OVERALL = (
    *("accuracy", "balanced_accuracy", "macro_precision", "macro_f1"),
    *("auroc", "auprc", "brier", "ece"),
)
BY_CLASS = (
    *("precision", "sensitivity", "specificity", "ppv", "npv"),
    *("f1", "auroc_by_class", "auprc_by_class"),
)


class Column(NamedTuple):
    """What one column of a tally means, and how much stands behind it.

    `class_code` is None for an overall score; `films` count for the score, `patients` is the
    smallest number of patients that it leans on (of the rarer side, for a ranking).
    """

    metric: str
    class_code: int | None
    films: int
    patients: int


class Tally:
    """All scores of one split, callable with patient weights (B, P), returning (B, len(columns)).

    `prevalence` gives for each class the share of it among the people a user would examine;
    `ppv` and `npv` are computed for that share, not for the share in the test split.
    """

    def __init__(self, predictions: Predictions, prevalence: Mapping[str, float]):
        classes = predictions.classes
        self.columns = _columns(predictions)
        self._classes = len(classes)
        self._present = np.bincount(predictions.truth, minlength=len(classes)) > 0
        self._prevalence = np.array([prevalence[name] for name in classes])
        self._sums = _sums_by_patient(predictions)
        self._rankings = [
            Ranking(
                predictions.truth == code, predictions.probabilities[:, code], predictions.patients
            )
            for code in range(len(classes))
        ]

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """Scores (B, len(columns)); NaN where a resample leaves a score undefined."""
        sums = weights @ self._sums
        cells = self._classes**2
        confusion = sums[:, :cells].reshape(-1, self._classes, self._classes)
        films = confusion.sum(axis=(1, 2))
        by_class = class_scores(confusion, self._prevalence)
        ranked = [ranking(weights) for ranking in self._rankings]
        by_class["auroc_by_class"] = np.stack([area for area, _ in ranked], axis=1)
        by_class["auprc_by_class"] = np.stack([precision for _, precision in ranked], axis=1)
        present = self._present
        overall = {
            "accuracy": np.trace(confusion, axis1=1, axis2=2) / films,
            "balanced_accuracy": by_class["sensitivity"][:, present].mean(axis=1),
            "macro_precision": by_class["precision"][:, present].mean(axis=1),
            "macro_f1": _mean_of_defined(by_class["f1"]),
            "auroc": by_class["auroc_by_class"][:, present].mean(axis=1),
            "auprc": by_class["auprc_by_class"][:, present].mean(axis=1),
            "brier": sums[:, cells] / films,
            "ece": np.abs(sums[:, cells + 1 :]).sum(axis=1) / films,
        }
        columns = [overall[metric][:, None] for metric in OVERALL]
        return np.hstack(columns + [by_class[metric] for metric in BY_CLASS])


def class_scores(confusion: np.ndarray, prevalence: np.ndarray) -> dict[str, np.ndarray]:
    """Scores (B, C) of each class against the rest from confusion counts (B, truth, predicted)."""
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    truth, called = confusion.sum(axis=2), confusion.sum(axis=1)
    films = confusion.sum(axis=(1, 2))[:, None]
    sensitivity = _ratio(hits, truth)
    specificity = _ratio(films - truth - called + hits, films - truth)
    true_alarms, false_alarms = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    missed, cleared = (1 - sensitivity) * prevalence, specificity * (1 - prevalence)
    return {
        "precision": _ratio(hits, called),
        "sensitivity": sensitivity,
        "specificity": specificity,
        "ppv": _ratio(true_alarms, true_alarms + false_alarms),
        "npv": _ratio(cleared, cleared + missed),
        "f1": _ratio(2 * hits, truth + called),
    }


def _columns(predictions: Predictions) -> list[Column]:
    """The columns of a tally in their order."""
    support = [_support(predictions, code) for code in range(len(predictions.classes))]
    films = len(predictions.truth)
    present = [counts for counts in support if counts["sensitivity"][0] > 0]
    everyone = (films, predictions.patient_count)
    rarest = (films, min(counts["sensitivity"][1] for counts in present))
    narrowest = (films, min(counts["auroc_by_class"][1] for counts in present))
    overall = (everyone, rarest, rarest, rarest, narrowest, narrowest, everyone, everyone)
    columns = [Column(name, None, *counts) for name, counts in zip(OVERALL, overall, strict=True)]
    for metric in BY_CLASS:
        columns += [Column(metric, code, *counts[metric]) for code, counts in enumerate(support)]
    return columns


def _support(predictions: Predictions, code: int) -> dict[str, tuple[int, int]]:
    """Films and patients behind each score of one class."""
    truth, called = predictions.truth == code, predictions.predicted == code

    def count(films: np.ndarray) -> tuple[int, int]:
        return int(films.sum()), predictions.patients_among(films)

    everyone = len(truth)
    pair = (everyone, min(count(truth)[1], count(~truth)[1]))
    return {
        "precision": count(called),
        "sensitivity": count(truth),
        "specificity": count(~truth),
        "ppv": pair,
        "npv": pair,
        "f1": (int((truth | called).sum()), count(truth)[1]),
        "auroc_by_class": pair,
        "auprc_by_class": pair,
    }


def _sums_by_patient(predictions: Predictions) -> np.ndarray:
    """(P, C*C + 1 + bins): confusion counts, squared error, and correct minus confidence by bin."""
    probabilities, truth = predictions.probabilities, predictions.truth
    classes = len(predictions.classes)
    confusion = np.eye(classes**2)[truth * classes + predictions.predicted]
    squared = ((probabilities - np.eye(classes)[truth]) ** 2).sum(axis=1)
    if classes == 2:
        squared /= 2  # the usual Brier score of one probability, from 0 to 1
    confidence = probabilities.max(axis=1)
    gaps = np.eye(CALIBRATION_BINS)[confidence_bin(confidence)]
    gaps *= ((predictions.predicted == truth) - confidence)[:, None]
    sums = np.zeros((predictions.patient_count, classes**2 + 1 + CALIBRATION_BINS))
    np.add.at(sums, predictions.patients, np.column_stack([confusion, squared, gaps]))
    return sums


def confidence_bin(confidence: np.ndarray) -> np.ndarray:
    """Bin 0..9 of a confidence from 0 to 1; a bin holds its lower edge, the last one also 1."""
    bins = (np.asarray(confidence) * CALIBRATION_BINS).astype(int)
    return np.clip(bins, 0, CALIBRATION_BINS - 1)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, NaN where whole is zero."""
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)


def _mean_of_defined(values: np.ndarray) -> np.ndarray:
    """Mean over classes (axis 1) that are defined; every row has at least one."""
    return np.nanmean(values, axis=1)
