"""Paired comparison of two runs: same films, same patients drawn, exact McNemar."""

import numpy as np
import pandas as pd
import pytest

from helpers.core.errors import SuiteError
from helpers.model.comparison import compare_predictions, mcnemar, paired_predictions
from helpers.model.predictions import check_predictions

CLASSES = ("negative", "positive")


def run_with(skill: float, seed: int, films: int = 300):
    """Predictions on the same films: what makes a film hard is shared, the rest is the run's."""
    shared = np.random.default_rng(0)
    truth = shared.integers(0, 2, films)
    hardness = shared.normal(size=films)
    own = 0.3 * np.random.default_rng(seed).normal(size=films)
    score = 1 / (1 + np.exp(-((2 * truth - 1) * skill + hardness + own)))
    labels = np.array(CLASSES)[truth]
    return check_predictions(
        labels, np.column_stack([1 - score, score]), CLASSES, np.arange(films) // 2
    )


def test_the_better_run_is_found_and_the_pairing_makes_it_certain():
    result = compare_predictions(run_with(1.6, 1), run_with(1.0, 2))
    accuracy = result["differences"]["accuracy"]
    assert accuracy["low"] > 0
    assert accuracy["p"] < 0.01
    assert result["mcnemar"]["p"] < 0.01


def test_a_run_compared_with_itself_differs_by_nothing():
    run = run_with(1.0, 1)
    result = compare_predictions(run, run, resamples=200)
    assert all(row["value"] == 0 for row in result["differences"].values())
    assert result["differences"]["accuracy"]["p"] == 1
    assert result["differences"]["accuracy"]["reason"].startswith("the patients show no spread")
    assert result["mcnemar"] == {"only_first_right": 0, "only_second_right": 0, "p": 1.0}


def test_two_runs_of_equal_skill_are_called_different_as_often_as_chance_allows():
    found = [
        compare_predictions(run_with(1.0, 2 * s), run_with(1.0, 2 * s + 1), resamples=200)
        for s in range(1, 21)
    ]
    assert sum(result["differences"]["accuracy"]["p"] < 0.05 for result in found) <= 4


def test_mcnemar_counts_films_that_one_run_alone_got_right():
    labels = ["positive"] * 10
    first = np.column_stack([np.zeros(10), np.ones(10)])
    second = np.vstack([first[:2], first[2:, ::-1]])
    runs = [check_predictions(labels, values, CLASSES) for values in (first, second)]
    assert mcnemar(*runs) == {"only_first_right": 8, "only_second_right": 0, "p": 0.007812}


def as_table(run, keys):
    return pd.DataFrame(
        {
            "key": keys,
            "split": "test",
            "label": np.array(CLASSES)[run.truth],
            "p_negative": run.probabilities[:, 0],
            "p_positive": run.probabilities[:, 1],
        }
    )


def test_tables_of_predictions_are_joined_by_key_whatever_their_order():
    keys = [f"film{number}.png" for number in range(300)]
    first, second = as_table(run_with(1.6, 1), keys), as_table(run_with(1.0, 2), keys)
    groups = pd.Series(np.arange(300) // 2, index=keys)
    shuffled = second.sample(frac=1, random_state=0).iloc[:250]
    pair = paired_predictions(first, shuffled, groups)
    assert len(pair[0].truth) == 250
    assert np.array_equal(pair[0].truth, pair[1].truth)


def test_runs_that_cannot_be_compared_say_why():
    keys = [f"film{number}.png" for number in range(300)]
    table = as_table(run_with(1.0, 1), keys)
    groups = pd.Series(range(300), index=keys)
    with pytest.raises(SuiteError, match="share no film"):
        paired_predictions(table, table.assign(key="x" + table["key"]), groups)
    with pytest.raises(SuiteError, match="other classes"):
        paired_predictions(table, table.rename(columns={"p_negative": "p_other"}), groups)
    swapped = table["label"].map({"negative": "positive", "positive": "negative"})
    with pytest.raises(SuiteError, match="disagree about the labels"):
        paired_predictions(table, table.assign(label=swapped), groups)
