"""Temperature scaling: undoes over-confidence, keeps the order, is fitted on validation only."""

import numpy as np
import pytest

from helpers.core.errors import SuiteError
from helpers.model.calibration import apply_temperature, fit_temperature
from helpers.model.predictions import check_predictions

CLASSES = ("COVID-19", "No finding", "Pneumonia")


def validation(temperature: float, films: int = 6000):
    """Films whose truth is drawn from honest probabilities, shown at another temperature."""
    rng = np.random.default_rng(0)
    honest = rng.dirichlet([0.6] * 3, films)
    truth = (rng.random((films, 1)) > honest.cumsum(axis=1)).sum(axis=1)
    shown = apply_temperature(honest, 1 / temperature)
    return check_predictions(np.array(CLASSES)[truth], shown, CLASSES)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_fit_finds_by_how_much_the_model_was_too_sure(temperature):
    assert fit_temperature(validation(temperature)) == pytest.approx(temperature, rel=0.05)


def test_scaling_keeps_the_predicted_class_and_the_sum():
    probabilities = np.random.default_rng(1).dirichlet([1, 1, 1], 200)
    scaled = apply_temperature(probabilities, 3.0)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    assert scaled.sum(axis=1) == pytest.approx(1)
    assert (scaled.max(axis=1) < probabilities.max(axis=1)).all()


def test_temperature_one_changes_nothing_and_certainty_stays_finite():
    probabilities = np.array([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]])
    assert apply_temperature(probabilities, 1.0) == pytest.approx(probabilities, abs=1e-9)
    assert np.isfinite(apply_temperature(probabilities, 0.05)).all()


def test_constant_predictions_get_a_temperature_within_the_range():
    labels = np.array([*CLASSES] * 5)
    constant = check_predictions(labels, np.tile([0.98, 0.01, 0.01], (15, 1)), CLASSES)
    assert fit_temperature(constant) > 5


def test_a_validation_split_of_one_class_is_one_clear_sentence():
    one = check_predictions(["COVID-19"] * 4, np.tile([0.8, 0.1, 0.1], (4, 1)), CLASSES)
    with pytest.raises(SuiteError, match="one class only"):
        fit_temperature(one)
