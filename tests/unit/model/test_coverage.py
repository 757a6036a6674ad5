"""Do 95 % intervals hold the truth 95 times in 100? Simulated readers, films and patients."""

import numpy as np
import pytest

from helpers.model.metrics import flat_scores, score_predictions
from helpers.model.predictions import Predictions
from helpers.model.tally import Tally

CLASSES = ("a", "b", "c")
SHARES = {"a": 0.1, "b": 0.3, "c": 0.3}


def simulate(patients: int, skill: float, rng: np.random.Generator) -> Predictions:
    """One to three films of each patient, half of whose noise the patient's films share."""
    films = np.repeat(np.arange(patients), rng.integers(1, 4, patients))
    truth = rng.choice(3, patients, p=[0.2, 0.4, 0.4])[films]
    logits = 0.7 * rng.normal(size=(patients, 3))[films] + 0.7 * rng.normal(size=(len(films), 3))
    logits[np.arange(len(films)), truth] += skill
    odds = np.exp(1.5 * logits)
    return Predictions(truth, odds / odds.sum(axis=1, keepdims=True), films, CLASSES)


def true_values(skill: float) -> dict[tuple[str, str], float]:
    """The scores in a population of 200,000 patients."""
    population = simulate(200_000, skill, np.random.default_rng(99))
    tally = Tally(population, SHARES)
    row = tally(np.ones((1, population.patient_count)))[0]
    names = [
        "" if column.class_code is None else CLASSES[column.class_code] for column in tally.columns
    ]
    return {
        (column.metric, name): value
        for column, name, value in zip(tally.columns, names, row, strict=True)
    }


def coverage(patients: int, skill: float, trials: int) -> dict[str, float]:
    """By metric, how often the interval held the true value (classes taken together)."""
    truth, held = true_values(skill), {}
    rng = np.random.default_rng(0)
    for trial in range(trials):
        predictions = simulate(patients, skill, rng)
        scores = score_predictions(predictions, prevalence=SHARES, resamples=800, seed=trial)
        for row in flat_scores(scores):
            if row["low"] is not None:
                inside = row["low"] <= truth[row["metric"], row["class"]] <= row["high"]
                held.setdefault(row["metric"], []).append(inside)
    return {metric: float(np.mean(found)) for metric, found in held.items()}


@pytest.mark.prove
@pytest.mark.parametrize(
    ("patients", "skill", "floor"),
    [(200, 1.2, 0.925), (200, 2.5, 0.915), (60, 1.2, 0.905), (60, 2.5, 0.88)],
)
def test_intervals_hold_the_truth(patients, skill, floor):
    """Calibration error alone is biased by its bins, so its floor is lower."""
    found = coverage(patients, skill, trials=300)
    for metric, share in found.items():
        assert share >= (0.78 if metric == "ece" else floor), (metric, found)


@pytest.mark.prove
def test_counting_films_as_patients_would_not_hold_the_truth():
    """The guard can fail: with ten like films a patient, drawing films covers far too little."""
    rng, held = np.random.default_rng(0), {"patients": [], "films": []}
    for trial in range(200):
        right = rng.random(40) < 0.7
        truth = np.repeat(np.where(right, 1, 0), 10)
        probabilities = np.tile([0.1, 0.9], (400, 1))
        for unit, groups in (("patients", np.repeat(np.arange(40), 10)), ("films", np.arange(400))):
            predictions = Predictions(truth, probabilities, groups, ("no", "yes"))
            accuracy = score_predictions(predictions, resamples=500, seed=trial)["accuracy"]
            held[unit].append(accuracy["low"] <= 0.7 <= accuracy["high"])
    assert np.mean(held["patients"]) > 0.9
    assert np.mean(held["films"]) < 0.6
