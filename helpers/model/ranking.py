"""AUROC and average precision of many resamples at once, for films sorted by their score."""

import numpy as np


class Ranking:
    """One class against the rest: the films of N in falling order of the class's probability.

    Called with weights (B, P), how often each patient counts in each of B resamples, it returns
    AUROC and average precision, each (B,). A resample without the class or without the rest
    gives NaN. Equal scores count as scikit-learn counts them: half a win, and one step of the
    precision-recall curve.
    """

    def __init__(self, positive: np.ndarray, scores: np.ndarray, patients: np.ndarray):
        order = np.argsort(-scores, kind="stable")
        self._patients = patients[order]
        self._positive = positive[order].astype(np.float64)
        last_of_equals = np.append(np.diff(scores[order]) != 0, True)
        self._steps = None if last_of_equals.all() else np.flatnonzero(last_of_equals)

    def __call__(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """AUROC (B,) and average precision (B,) for patient weights (B, P)."""
        counted = weights[:, self._patients]
        hits = np.cumsum(counted * self._positive, axis=1)
        called = np.cumsum(counted, axis=1, out=counted)
        if self._steps is not None:
            hits, called = hits[:, self._steps], called[:, self._steps]
        positives, negatives = hits[:, -1], called[:, -1] - hits[:, -1]
        return (
            _area(hits, called, positives * negatives),
            _average_precision(hits, called, positives),
        )


def _area(hits: np.ndarray, called: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Trapezoids under the ROC curve, written as products of neighbours (no difference arrays)."""
    twice = np.einsum("bk,bk->b", called[:, 1:], hits[:, :-1])
    twice -= np.einsum("bk,bk->b", called[:, :-1], hits[:, 1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, 0.5 + 0.5 * twice / pairs, np.nan)


def _average_precision(hits: np.ndarray, called: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Mean precision at each step weighted by the recall it gains."""
    precision = hits / np.maximum(called, 1)  # counts are whole: below 1 means nobody yet
    gained = np.einsum("bk,bk->b", hits, precision)
    gained -= np.einsum("bk,bk->b", hits[:, :-1], precision[:, 1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((positives > 0) & (positives < called[:, -1]), gained / positives, np.nan)
