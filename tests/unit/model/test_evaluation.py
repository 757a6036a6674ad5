"""Held-out films of a run: only validation and test, files that belong together, honest rivals."""

import numpy as np
import pandas as pd
import pytest

from helpers.core.errors import MissingInputError, SuiteError
from helpers.core.runs import Run
from helpers.model.evaluation import (
    held_out_films,
    predictions_of,
    predictions_table,
    rival_predictions,
    score_saliency,
)

CLASSES = ("negative", "positive")


@pytest.fixture
def run(outputs) -> Run:
    """A run of 40 films, one of which was left out; split 20 / 10 / 9."""
    run = Run("held-out")
    keys = [f"films/{number}.png" for number in range(40)]
    manifest = pd.DataFrame({"key": keys, "label": list(CLASSES) * 20, "status": "used"})
    manifest.loc[3, "status"] = "excluded"
    run.write_table("manifest.csv", manifest)
    split = ["train"] * 20 + ["validation"] * 10 + ["test"] * 9
    used = manifest[manifest["status"] == "used"]["key"]
    splits = pd.DataFrame({"key": used, "split": split, "fold": 0, "group": np.arange(39) // 2})
    run.write_table("splits.csv", splits)
    np.save(run.path("images.npy"), np.zeros((39, 4, 4), np.uint8))
    return run


@pytest.fixture
def probabilities() -> np.ndarray:
    positive = np.random.default_rng(0).random(19)
    return np.column_stack([1 - positive, positive])


def test_training_films_are_never_predicted(run):
    films = held_out_films(run)
    assert films["split"].value_counts().to_dict() == {"validation": 10, "test": 9}
    assert films.index.tolist() == list(range(20, 39))  # rows of images.npy


def test_files_of_different_preprocessing_are_refused(run):
    np.save(run.path("images.npy"), np.zeros((38, 4, 4), np.uint8))
    with pytest.raises(SuiteError, match="run 03_preprocess again"):
        held_out_films(run)


def test_a_missing_file_names_the_notebook_that_makes_it(run):
    run.path("splits.csv").unlink()
    with pytest.raises(MissingInputError, match="run 03_preprocess first"):
        held_out_films(run)


def test_an_empty_split_is_one_clear_sentence(run):
    splits = run.read_table("splits.csv").replace({"split": {"test": "train"}})
    run.write_table("splits.csv", splits)
    with pytest.raises(SuiteError, match="No film is in the test split"):
        held_out_films(run)


def test_the_table_of_predictions_keeps_the_contract(run, probabilities):
    films = held_out_films(run)
    table = predictions_table(films, probabilities, CLASSES)
    assert list(table) == [
        *("key", "split", "fold", "label", "predicted", "p_negative", "p_positive")
    ]
    assert (table["predicted"] == np.array(CLASSES)[probabilities.argmax(axis=1)]).all()


def test_the_rival_without_a_name_guesses_from_validation_films_only(run, probabilities):
    films = held_out_films(run)
    name, ours, guess = rival_predictions(films, probabilities, CLASSES, None)
    assert name == "guessing by the classes' shares"
    assert np.ptp(guess.probabilities, axis=0).max() == 0
    assert len(ours.truth) == len(guess.truth) == 9


def test_the_rival_may_be_another_run(run, probabilities):
    films = held_out_films(run)
    other = Run("other")
    other.write_table("predictions.csv", predictions_table(films, probabilities[:, ::-1], CLASSES))
    name, ours, theirs = rival_predictions(films, probabilities, CLASSES, "other")
    assert name == "other"
    assert ours.probabilities == pytest.approx(theirs.probabilities[:, ::-1], abs=1e-6)
    test = predictions_of(films, probabilities, CLASSES, "test")
    assert np.array_equal(ours.patients, test.patients)


def test_saliency_in_the_lungs_is_a_mean_over_the_films_that_have_masks(run, probabilities):
    films = held_out_films(run)
    test = predictions_of(films, probabilities, CLASSES, "test")
    maps = np.zeros((19, 4, 4, 2), np.float32)
    maps[:, :, :2] = 1.0  # all saliency in the left half
    options = {"resamples": 200, "seed": 0}
    assert score_saliency(run, films, maps, test, **options) == {
        "reason": "the run has no lung masks"
    }
    masks = np.zeros((39, 4, 4), np.uint8)
    masks[30:37, :, :1] = 1  # the left quarter, in seven of nine test films
    np.save(run.path("lung_masks.npy"), masks)
    found = score_saliency(run, films, maps, test, **options)
    assert found["in_lungs"]["value"] == pytest.approx(0.5)
    assert found["lungs_fill"]["value"] == pytest.approx(0.25)
    assert found["in_lungs"]["n"] == 7
    without = score_saliency(run, films, None, test, **options)
    assert without == {"reason": "the model gives no saliency maps"}
