"""Splits: no patient, content or look-alike in two of them; strata kept; one seed, one split."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.core.errors import SuiteError
from helpers.data.splits import assign_splits, check_disjoint, count_splits, group_films


def some_films(count=300, patients=120, seed=0):
    rng = np.random.default_rng(seed)
    patient = rng.integers(0, patients, count)
    return pd.DataFrame(
        {
            "key": [f"k{row}" for row in range(count)],
            "label": np.array(["a", "b", "c"])[patient % 3],
            "patient_id": [f"p{number}" for number in patient],
            "sha256": [f"s{row}" for row in range(count)],
        }
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), fold=st.integers(0, 4), copies=st.integers(0, 30))
def test_no_patient_and_no_content_is_in_two_splits(seed, fold, copies):
    films = some_films(seed=seed)
    rng = np.random.default_rng(seed)
    films.loc[rng.integers(0, 300, copies), "sha256"] = "same"
    films.loc[films["sha256"] == "same", "label"] = "a"
    splits = assign_splits(films, folds=5, test_fold=fold, seed=seed)
    assert check_disjoint(films, splits)["in two splits"].sum() == 0
    assert splits["key"].tolist() == films["key"].tolist()


def test_the_check_sees_a_leak():
    films = some_films()
    splits = assign_splits(films, folds=5, test_fold=0, seed=0, by="image")
    leaks = check_disjoint(films, splits).set_index("shared")["in two splits"]
    assert leaks["patients"] > 0 and leaks["identical films"] == 0


def test_every_film_is_tested_exactly_once_over_the_folds():
    films = some_films()
    tested = [
        assign_splits(films, folds=5, test_fold=fold, seed=0).query("split == 'test'")["key"]
        for fold in range(5)
    ]
    assert sorted(pd.concat(tested)) == sorted(films["key"])


def test_pairs_that_look_the_same_share_a_group():
    films = some_films()
    films["patient_id"] = [f"p{row}" for row in range(300)]
    groups = group_films(films, same=[(0, 7), (7, 9)])
    assert groups[0] == groups[7] == groups[9] and len(set(groups)) == 298


def test_an_unknown_patient_links_nobody():
    films = some_films()
    films["patient_id"] = None
    assert len(set(group_films(films))) == 300


def test_shares_and_strata_are_kept():
    films = some_films(3000, 1500)
    counts = count_splits(films, assign_splits(films, folds=5, test_fold=2, seed=3))["films"]
    assert np.allclose(counts.sum(axis=1) / 3000, [0.7, 0.1, 0.2], atol=0.02)
    shares = counts.div(counts.sum(axis=1), axis=0)
    assert (shares.max() - shares.min()).max() < 0.03


def test_the_same_seed_gives_the_same_split():
    films = some_films()
    first, again = (assign_splits(films, folds=5, test_fold=0, seed=4) for _ in range(2))
    other = assign_splits(films, folds=5, test_fold=0, seed=5)
    assert first.equals(again) and not first.equals(other)


def test_one_class_only_is_one_sentence():
    films = some_films().assign(label="a")
    with pytest.raises(SuiteError, match=r"one class only \(a\)"):
        assign_splits(films, folds=5, test_fold=0, seed=0)


def test_a_class_with_fewer_patients_than_folds_is_named():
    films = some_films()
    films.loc[films["label"] == "c", "patient_id"] = "one"
    with pytest.raises(SuiteError, match="Class 'c' has 1 patients, fewer than the 5 folds"):
        assign_splits(films, folds=5, test_fold=0, seed=0)
