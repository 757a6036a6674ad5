"""Temperature scaling: one number, fitted on validation, that makes confidence mean what it says.

Guo and others (2017): divide the logits by a temperature T before the softmax. From probabilities
that is p^(1/T), scaled to sum 1; the order of the classes, and so accuracy, stays as it was.
"""

import numpy as np

from helpers.core.errors import SuiteError
from helpers.model.predictions import Predictions

RANGE = (0.05, 20.0)
SMALLEST = 1e-12  # a float32 softmax gives exact zeros, which have no logarithm


def fit_temperature(validation: Predictions) -> float:
    """The temperature that makes the validation truth most likely, between 0.05 and 20.

    Above 1 the model was too sure of itself, below 1 too timid.
    Raises SuiteError when the validation split holds one class only.
    """
    from scipy.optimize import minimize_scalar

    if len(np.unique(validation.truth)) < 2:
        raise SuiteError(
            "The validation split holds one class only, so no temperature can be fitted: use more "
            "films or fewer folds."
        )

    def unlikeliness(log_temperature: float) -> float:
        scaled = apply_temperature(validation.probabilities, float(np.exp(log_temperature)))
        of_truth = scaled[np.arange(len(scaled)), validation.truth]
        return -np.log(np.maximum(of_truth, SMALLEST)).mean()

    found = minimize_scalar(unlikeliness, bounds=np.log(RANGE), method="bounded")
    return round(float(np.exp(found.x)), 4)


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (N, C) at another temperature, each row summing to 1."""
    logits = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST))
    powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return powers / powers.sum(axis=1, keepdims=True)
