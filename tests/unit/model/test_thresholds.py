"""Thresholds: chosen on validation so that the wanted specificity holds, judged on test films."""

import numpy as np
import pytest

from helpers.core.errors import SuiteError, UsageError
from helpers.model.predictions import check_predictions
from helpers.model.thresholds import choose_threshold, choose_thresholds, judge_thresholds

TWO = ("negative", "positive")


def two_classes(films: int, seed: int):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, films)
    score = 1 / (1 + np.exp(-rng.normal(3 * truth - 1.5, 1.0)))
    labels = np.array(TWO)[truth]
    return check_predictions(
        labels, np.column_stack([1 - score, score]), TWO, np.arange(films) // 2
    )


@pytest.mark.parametrize("specificity", [0.8, 0.9, 0.95, 0.99])
def test_the_wanted_specificity_holds_on_validation_with_the_most_sensitivity(specificity):
    films = two_classes(400, 0)
    positive, scores = films.truth == 1, films.probabilities[:, 1]
    threshold = choose_threshold(positive, scores, specificity)
    assert (scores[~positive] < threshold).mean() >= specificity
    lower = scores[scores < threshold].max()  # a threshold one film lower would break the wish
    assert (scores[~positive] < lower).mean() < specificity


def test_equal_scores_stand_on_one_side_of_the_threshold():
    positive = np.array([True, True, False, False, False, False])
    scores = np.array([0.9, 0.4, 0.4, 0.4, 0.1, 0.1])
    threshold = choose_threshold(positive, scores, 0.75)
    assert 0.4 < threshold < 0.9


def test_perfect_and_constant_scores_have_a_threshold():
    positive = np.array([True, False])
    assert choose_threshold(positive, np.array([0.9, 0.2]), 0.9) == pytest.approx(0.55)
    assert choose_threshold(positive, np.array([0.5, 0.5]), 0.9) == pytest.approx(0.75)


def test_a_validation_split_without_negatives_and_an_impossible_specificity_are_refused():
    with pytest.raises(SuiteError, match="one class only"):
        choose_threshold(np.array([True]), np.array([0.5]), 0.9)
    with pytest.raises(UsageError, match=r"specificity is 1\.2"):
        choose_threshold(np.array([True, False]), np.array([0.5, 0.4]), 1.2)


def test_test_films_have_no_say_in_the_threshold():
    validation, test = two_classes(400, 0), two_classes(300, 1)
    thresholds = choose_thresholds(validation, 0.9)
    reached = judge_thresholds(test, thresholds, 0.9, resamples=300, seed=0)["positive"]
    alarm = test.probabilities[:, 1] >= thresholds["positive"]
    positive = test.truth == 1
    assert reached["sensitivity"]["value"] == pytest.approx(alarm[positive].mean(), abs=1e-6)
    assert reached["specificity"]["value"] == pytest.approx((~alarm[~positive]).mean(), abs=1e-6)
    assert reached["specificity"]["low"] < 0.9 < reached["specificity"]["high"]
    assert reached["sensitivity"]["n"] + reached["specificity"]["n"] == 300


def test_a_class_missing_from_test_is_undefined_with_a_reason():
    validation, test = two_classes(100, 0), two_classes(60, 1)
    healthy = test.select(test.truth == 0)
    thresholds = choose_thresholds(validation, 0.9)
    reached = judge_thresholds(healthy, thresholds, 0.9, resamples=100, seed=0)
    assert reached["positive"]["sensitivity"]["value"] is None
    assert reached["positive"]["sensitivity"]["reason"]
    assert reached["positive"]["specificity"]["value"] is not None
