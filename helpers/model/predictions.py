"""Checked predictions of one split: what every score, curve and test of this suite starts from."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from helpers.core.errors import SuiteError


@dataclass(frozen=True)
class Predictions:
    """N films with their truth, C class probabilities and patient.

    `truth` and `patients` are int codes of shape (N,); `probabilities` is float64 (N, C), rows
    summing to 1. Patients are coded 0..P-1 in order of appearance; without patient names each
    film stands for itself and `by_patient` is False.
    """

    truth: np.ndarray
    probabilities: np.ndarray
    patients: np.ndarray
    classes: tuple[str, ...]
    by_patient: bool = True

    @cached_property
    def predicted(self) -> np.ndarray:
        """Class codes (N,) of the highest probability."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def patient_count(self) -> int:
        """How many different patients the films come from."""
        return int(self.patients.max()) + 1

    def patients_among(self, films: np.ndarray) -> int:
        """How many patients have at least one of the films chosen by the boolean mask (N,)."""
        return len(np.unique(self.patients[films]))

    def select(self, films: np.ndarray) -> "Predictions":
        """The predictions of the films chosen by the boolean mask (N,), patients coded anew."""
        _, patients = np.unique(self.patients[films], return_inverse=True)
        return Predictions(
            self.truth[films], self.probabilities[films], patients, self.classes, self.by_patient
        )


def check_predictions(
    labels: Sequence[str],
    probabilities: np.ndarray,
    classes: Sequence[str],
    groups: Sequence[Hashable] | None = None,
) -> Predictions:
    """Labels (N,), probabilities (N, C) and patients (N,) as `Predictions`.

    Raises:
        SuiteError: no film, shapes that disagree, a label that is no class, or probabilities
            that are not numbers from 0 to 1 summing to 1.
    """
    classes = tuple(str(name) for name in classes)
    labels = np.asarray(labels).astype(str)
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if len(labels) == 0:
        raise SuiteError("There is no film to score: choose a split or collection with films.")
    if probabilities.shape != (len(labels), len(classes)):
        raise SuiteError(
            f"{len(labels)} labels and {len(classes)} classes need probabilities of "
            f"shape {(len(labels), len(classes))}, not {probabilities.shape}: predict them again."
        )
    _check_probabilities(probabilities)
    if groups is not None and len(groups) != len(labels):
        raise SuiteError(
            f"{len(groups)} patients for {len(labels)} films: give one patient for each film."
        )
    patients = np.arange(len(labels)) if groups is None else _codes(groups)
    truth = _truth_codes(labels, classes)
    return Predictions(truth, probabilities, patients, classes, groups is not None)


def _truth_codes(labels: np.ndarray, classes: tuple[str, ...]) -> np.ndarray:
    code = {name: position for position, name in enumerate(classes)}
    unknown = sorted(set(labels) - set(classes))
    if unknown:
        raise SuiteError(
            f"The label '{unknown[0]}' is none of the classes {', '.join(classes)}: "
            "map it to a class or leave its films out."
        )
    return np.array([code[label] for label in labels])


def _check_probabilities(probabilities: np.ndarray) -> None:
    broken = ~np.isfinite(probabilities).all(axis=1)
    if broken.any():
        raise SuiteError(
            f"{broken.sum()} of {len(broken)} films have a probability that is not a number "
            f"(first: film {int(broken.argmax())}): the training diverged; train again with a "
            "lower learning_rate."
        )
    outside = (probabilities < -1e-6).any(axis=1) | (abs(probabilities.sum(axis=1) - 1) > 1e-3)
    if outside.any():
        raise SuiteError(
            f"{outside.sum()} of {len(outside)} films have probabilities that are not between 0 "
            f"and 1 with sum 1 (first: film {int(outside.argmax())}): give the model's softmax "
            "output, not its logits."
        )


def _codes(groups: Sequence[Hashable]) -> np.ndarray:
    code: dict[Hashable, int] = {}
    return np.array([code.setdefault(group, len(code)) for group in groups])
