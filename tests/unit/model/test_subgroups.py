"""Subgroups: every film in exactly one group of each kind, small groups called small."""

import numpy as np
import pandas as pd
import pytest

from helpers.model.predictions import check_predictions
from helpers.model.subgroups import age_bands, score_subgroups, subgroup_names, subgroup_table

CLASSES = ("negative", "positive")


@pytest.fixture
def predictions():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 120)
    score = np.clip(0.3 + 0.4 * truth + 0.2 * rng.normal(size=120), 0, 1)
    labels = np.array(CLASSES)[truth]
    return check_predictions(
        labels, np.column_stack([1 - score, score]), CLASSES, np.arange(120) // 2
    )


@pytest.fixture
def films():
    return pd.DataFrame(
        {
            "source": ["NIH"] * 60 + ["journals"] * 60,
            "view": ["PA"] * 108 + ["AP"] * 6 + [None] * 6,
            "sex": ["F", "M", None] * 40,
            "age": ["17", "18", "60", "", "95", "n/a"] * 20,
        }
    )


def test_every_film_stands_in_one_group_of_each_kind(predictions, films):
    rows = score_subgroups(predictions, films, resamples=100, seed=0)
    table = pd.DataFrame(rows)
    assert table.groupby("kind")["n"].sum().to_dict() == dict.fromkeys(table["kind"], 120)
    sex = table[table["kind"] == "sex"].set_index("group")["n"].to_dict()
    assert sex == {"F": 40, "M": 40, "unknown": 40}


def test_scores_of_a_group_are_those_of_its_films(predictions, films):
    rows = score_subgroups(predictions, films, resamples=100, seed=0)
    nih = next(row for row in rows if row["group"] == "NIH")
    right = (predictions.predicted == predictions.truth)[:60].mean()
    assert nih["accuracy"]["value"] == pytest.approx(right, abs=1e-6)
    assert nih["accuracy"]["low"] < right < nih["accuracy"]["high"]


def test_small_groups_are_marked_and_the_smallest_have_no_interval(predictions, films):
    rows = score_subgroups(predictions, films, resamples=100, seed=0)
    groups = {(row["kind"], row["group"]): row for row in rows}
    assert not groups["view", "PA"]["small"]
    assert groups["view", "AP"]["small"]
    assert groups["view", "AP"]["accuracy"]["low"] is None
    table = subgroup_table(rows, "accuracy").set_index(["group", "value"])
    assert "3 patients are too few" in table.loc[("view", "AP"), "remark"]
    assert np.isnan(table.loc[("view", "AP"), "low"])


def test_a_group_of_one_class_has_accuracy_but_no_auroc(predictions, films):
    positive = predictions.select(predictions.truth == 1)
    rows = score_subgroups(positive, films.iloc[: len(positive.truth)], resamples=50, seed=0)
    assert rows[0]["auroc"]["value"] is None
    assert rows[0]["auroc"]["reason"] == "the group holds films of one class only"
    assert rows[0]["accuracy"]["value"] is not None


def test_empty_metadata_is_one_unknown_group_of_each_kind(predictions):
    rows = score_subgroups(predictions, pd.DataFrame(index=range(120)), resamples=50, seed=0)
    assert [(row["group"], row["n"]) for row in rows] == [("unknown", 120)] * 4


def test_age_bands_hold_their_lower_edge():
    ages = pd.Series(["0", "17.9", "18", "59", "60", "80", "104", "", None, "old", "-3"])
    assert age_bands(ages).tolist() == [
        *("under 18", "under 18", "18-39", "40-59", "60-79", "80 and over", "80 and over"),
        *["unknown"] * 4,
    ]


def test_blank_words_are_unknown():
    names = subgroup_names(pd.DataFrame({"sex": [" ", "F ", None]}))
    assert names["sex"].tolist() == ["unknown", "F", "unknown"]


def test_a_hundred_sources_become_eight_and_the_others():
    sources = [f"site {number}" for number in range(100)] + ["NIH"] * 10
    names = subgroup_names(pd.DataFrame({"source": sources}))["source"]
    assert names.nunique() == 9
    assert (names == "NIH").sum() == 10
    assert (names == "93 others").sum() == 93


@pytest.mark.filterwarnings("error")
def test_a_group_of_one_patient_has_a_value_and_no_warning(predictions, films):
    one = predictions.select(np.arange(120) < 2)
    row = score_subgroups(one, films.iloc[:2], resamples=50, seed=0)[0]
    assert row["patients"] == 1
    assert row["accuracy"]["value"] is not None
    assert row["accuracy"]["reason"] == "1 patient is too few for an interval"
