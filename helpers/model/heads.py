"""Scikit-learn heads on deep features (report B and ours): fit, store and load without pickle."""

import difflib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from helpers.core.errors import SuiteError, UsageError
from helpers.core.runs import replacing

FIFTHS = 5  # parts of the training films on which the support vector machine is calibrated
# `softmax` is the network's own last layer; the others replace it.
SOFTMAX = "softmax"
HEADS: dict[str, Callable[[int], ClassifierMixin]] = {
    "logistic_regression": lambda seed: make_pipeline(
        StandardScaler(), LogisticRegression(max_iter=2000, random_state=seed)
    ),
    "boosted_random_forest": lambda seed: AdaBoostClassifier(
        RandomForestClassifier(n_estimators=50, max_depth=6, random_state=seed),
        n_estimators=10,
        random_state=seed,
    ),
    # Platt's sigmoid on held-out fifths turns distances from the border into probabilities.
    "support_vector_machine": lambda seed: make_pipeline(
        StandardScaler(),
        CalibratedClassifierCV(SVC(C=3, random_state=seed), ensemble=False, cv=FIFTHS),
    ),
    "decision_tree": lambda seed: DecisionTreeClassifier(max_depth=10, random_state=seed),
}
# The types that skops does not know as harmless by itself; a file that needs any other is refused.
ALLOWED_TYPES = frozenset(
    {
        "sklearn.tree._tree.Tree",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
    }
)


def check_head(name: str) -> None:
    """Refuse an unknown head and suggest the nearest name (UsageError)."""
    if name == SOFTMAX or name in HEADS:
        return
    names = [SOFTMAX, *HEADS]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}" if near else f"choose one of {', '.join(names)}"
    raise UsageError(f"There is no head {name!r}; {hint}?")


def fit_head(name: str, features: np.ndarray, codes: np.ndarray, seed: int) -> ClassifierMixin:
    """Fit a head on deep features (N, F) and class codes (N,).

    Raises:
        UsageError: no such head.
        SuiteError: features that are no numbers, films of one class only, or too few of a class.
    """
    check_head(name)
    if not np.isfinite(features).all():
        raise SuiteError("The deep features are not all numbers; check the network's weights.")
    if len(np.unique(codes)) < 2:
        raise SuiteError("A head needs training films of at least two classes; check the splits.")
    if name == "support_vector_machine" and np.unique_counts(codes).counts.min() < FIFTHS:
        raise SuiteError(
            f"The head {name} needs {FIFTHS} training films of every class; choose "
            "logistic_regression, or more films."
        )
    return HEADS[name](seed).fit(features, codes)


def head_probabilities(head: ClassifierMixin, features: np.ndarray, classes: int) -> np.ndarray:
    """Probabilities float32 (N, C); a class the head never saw gets zero."""
    probabilities = np.zeros((len(features), classes), np.float32)
    probabilities[:, head.classes_] = head.predict_proba(features)
    return probabilities


def save_head(head: ClassifierMixin, path: Path) -> None:
    """Write a head as a skops file: plain data, no pickle."""
    import skops.io

    with replacing(path) as temporary:
        skops.io.dump(head, temporary)


def load_head(path: Path) -> ClassifierMixin:
    """Read a head back; only the types on the list are made.

    Raises:
        SuiteError: the file is damaged, or needs a type that is not allowed.
    """
    import skops.io

    try:
        strangers = set(skops.io.get_untrusted_types(file=path)) - ALLOWED_TYPES
    except Exception as error:
        raise SuiteError(f"{path.name} is no readable head; run 04_train again.") from error
    if strangers:
        raise SuiteError(
            f"{path.name} holds {sorted(strangers)[0]}, which is not on the list of allowed types; "
            "such files are refused, since making them could run code. Run 04_train again."
        )
    return skops.io.load(path, trusted=sorted(ALLOWED_TYPES))
