"""AUROC and average precision of many resamples at once, for films sorted by their score."""

import numpy as np
from scipy.sparse import csr_array


class Ranking:
    """One class against the rest: N films in falling order of the class's probability, as steps.

    A step is what a threshold moves past at once: films of equal score, as scikit-learn counts
    them, and neighbours without a positive among them, which no score needs apart. Called with
    weights (B, P), how often each patient counts in each of B resamples, it returns AUROC and
    average precision, each (B,); NaN for a resample without the class or without the rest.
    """

    def __init__(self, positive: np.ndarray, scores: np.ndarray, patients: np.ndarray):
        order = np.argsort(-scores, kind="stable")
        step = _steps(positive[order], scores[order])
        shape = (step[-1] + 1, patients.max() + 1)
        everyone = (np.ones(len(step)), (step, patients[order]))
        positives = (positive[order].astype(np.float64), everyone[1])
        self._called = csr_array(everyone, shape=shape)
        self._hits = csr_array(positives, shape=shape)
        self._hits.eliminate_zeros()

    def __call__(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """AUROC (B,) and average precision (B,) for patient weights (B, P)."""
        called = np.cumsum(self._called @ weights.T, axis=0)
        hits = np.cumsum(self._hits @ weights.T, axis=0)
        positives, negatives = hits[-1], called[-1] - hits[-1]
        return (
            _area(hits, called, positives * negatives),
            _average_precision(hits, called, positives),
        )


def _steps(positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Step number (N,) of films in falling order of score."""
    group = np.concatenate([[0], np.cumsum(np.diff(scores) != 0)])
    has_positive = np.bincount(group, weights=positive) > 0
    is_new = np.append(False, has_positive[1:] | has_positive[:-1])
    return np.cumsum(is_new)[group]


def _area(hits: np.ndarray, called: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Trapezoids under the ROC curve, written as products of neighbours (no difference arrays)."""
    twice = np.einsum("kb,kb->b", called[1:], hits[:-1])
    twice -= np.einsum("kb,kb->b", called[:-1], hits[1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(pairs > 0, 0.5 + 0.5 * twice / pairs, np.nan)


def _average_precision(hits: np.ndarray, called: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Mean precision at each step weighted by the recall it gains."""
    precision = hits / np.maximum(called, 1)  # counts are whole: below 1 means nobody yet
    gained = np.einsum("kb,kb->b", hits, precision)
    gained -= np.einsum("kb,kb->b", hits[:-1], precision[1:])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((positives > 0) & (positives < called[-1]), gained / positives, np.nan)
