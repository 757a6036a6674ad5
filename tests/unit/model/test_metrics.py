"""Scores: equal to scikit-learn, in the shape of metrics.json, with words for the undefined."""

import json

import numpy as np
import pytest
import sklearn.metrics as sk

from helpers.core.errors import SuiteError, UsageError
from helpers.model.intervals import patient_weights
from helpers.model.metrics import flat_scores, score
from helpers.model.predictions import check_predictions
from helpers.model.tally import Tally

THREE = ("COVID-19", "No finding", "Pneumonia")
TWO = ("negative", "positive")


def predict(films: int, classes=THREE, seed=0, skill=1.0, ties=False):
    """Labels, probabilities and patients (about two films each) of a fairly good classifier."""
    rng = np.random.default_rng(seed)
    patients = np.sort(rng.integers(0, max(films // 2, 1), films))
    truth = rng.integers(0, len(classes), films)
    logits = rng.normal(size=(films, len(classes)))
    logits[np.arange(films), truth] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if ties:
        probabilities = np.round(probabilities * 4) + 0.5
        probabilities /= probabilities.sum(axis=1, keepdims=True)
    return np.array(classes)[truth], probabilities, patients


def values(labels, probabilities, classes, weights=None):
    """`{(metric, class): value}` at full precision, with films counted `weights` times."""
    predictions = check_predictions(labels, probabilities, classes)
    tally = Tally(predictions, dict.fromkeys(classes, 0.2))
    row = tally(np.ones((1, len(labels))) if weights is None else weights[None, :])[0]
    names = [None if code is None else classes[code] for _, code, *_ in tally.columns]
    return {
        (column.metric, name): value
        for column, name, value in zip(tally.columns, names, row, strict=True)
    }


def scikit(labels, probabilities, classes):
    """The same scores by scikit-learn."""
    called = np.array(classes)[probabilities.argmax(axis=1)]
    expected = {
        ("accuracy", None): sk.accuracy_score(labels, called),
        ("balanced_accuracy", None): sk.balanced_accuracy_score(labels, called),
        ("macro_precision", None): sk.precision_score(labels, called, average="macro"),
        ("macro_f1", None): sk.f1_score(labels, called, average="macro"),
        ("brier", None): sk.brier_score_loss(labels, probabilities, labels=list(classes)),
    }
    areas, averages = [], []
    for code, name in enumerate(classes):
        truth, decided = labels == name, called == name
        areas.append(sk.roc_auc_score(truth, probabilities[:, code]))
        averages.append(sk.average_precision_score(truth, probabilities[:, code]))
        expected |= {
            ("precision", name): sk.precision_score(truth, decided),
            ("sensitivity", name): sk.recall_score(truth, decided),
            ("specificity", name): sk.recall_score(~truth, ~decided),
            ("f1", name): sk.f1_score(truth, decided),
            ("auroc_by_class", name): areas[-1],
            ("auprc_by_class", name): averages[-1],
        }
    return expected | {("auroc", None): np.mean(areas), ("auprc", None): np.mean(averages)}


@pytest.mark.parametrize("classes", [TWO, THREE])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_scores_equal_those_of_scikit_learn(classes, ties, seed):
    labels, probabilities, _ = predict(83, classes, seed, ties=ties)
    ours = values(labels, probabilities, classes)
    for name, expected in scikit(labels, probabilities, classes).items():
        assert ours[name] == pytest.approx(expected, abs=1e-12), name


@pytest.mark.parametrize("ties", [False, True])
def test_a_resample_scores_as_scikit_learn_scores_the_drawn_films(ties):
    labels, probabilities, _ = predict(60, ties=ties)
    weights = next(patient_weights(60, 1, seed=3))[0]
    drawn = np.repeat(np.arange(60), weights.astype(int))
    ours = values(labels, probabilities, THREE, weights)
    for name, expected in scikit(labels[drawn], probabilities[drawn], THREE).items():
        assert ours[name] == pytest.approx(expected, abs=1e-12), name


def test_three_class_auroc_is_scikit_learns_macro_one_against_rest():
    labels, probabilities, _ = predict(90)
    expected = sk.roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert values(labels, probabilities, THREE)["auroc", None] == pytest.approx(expected, abs=1e-12)


def test_calibration_error_is_the_mean_gap_between_confidence_and_accuracy_over_ten_bins():
    labels = np.array(["positive"] * 3 + ["negative"])
    positive = np.array([0.95, 0.95, 0.65, 0.65])  # bins 0.9-1: both right; 0.6-0.7: one of two
    ours = values(labels, np.column_stack([1 - positive, positive]), TWO)
    assert ours["ece", None] == pytest.approx(0.5 * abs(1 - 0.95) + 0.5 * abs(0.5 - 0.65))


def test_predictive_values_follow_bayes_at_the_stated_prevalence():
    labels, probabilities, patients = predict(100, TWO)
    scores = score(
        labels, probabilities, TWO, patients, prevalence={"negative": 0.99, "positive": 0.01}
    )
    sensitivity = scores["sensitivity"]["positive"]["value"]
    false_alarms = 1 - scores["specificity"]["positive"]["value"]
    expected = sensitivity * 0.01 / (sensitivity * 0.01 + false_alarms * 0.99)
    assert scores["ppv"]["positive"]["value"] == pytest.approx(expected, abs=1e-5)
    assert scores["prevalence"]["positive"] == 0.01


def test_at_the_prevalence_of_the_films_ppv_is_precision():
    labels, probabilities, patients = predict(100)
    scores = score(labels, probabilities, THREE, patients)
    for name in THREE:
        precision = scores["precision"][name]["value"]
        assert scores["ppv"][name]["value"] == pytest.approx(precision, abs=1e-5)


def test_every_metric_has_value_interval_and_count_and_fits_into_json():
    labels, probabilities, patients = predict(120)
    scores = score(labels, probabilities, THREE, patients, split="test")
    assert (scores["n"], scores["split"], scores["classes"]) == (120, "test", list(THREE))
    assert sum(map(sum, scores["confusion"])) == 120
    rows = flat_scores(json.loads(json.dumps(scores, allow_nan=False)))
    assert len(rows) == 8 + 8 * 3
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"], row
        assert row["n"] > 0


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others():
    labels, probabilities, patients = predict(50)
    first, again, other = (score(labels, probabilities, THREE, patients, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first["accuracy"]["low"] != other["accuracy"]["low"] or first["auroc"] != other["auroc"]


def test_films_of_one_patient_do_not_count_as_independent_evidence():
    labels, probabilities, _ = predict(40, TWO)
    five_times = [np.repeat(array, 5, axis=0) for array in (labels, probabilities, np.arange(40))]
    once = score(labels, probabilities, TWO, np.arange(40))["accuracy"]
    copies = score(*five_times[:2], TWO, five_times[2])["accuracy"]
    assert (copies["low"], copies["high"]) == (once["low"], once["high"])
    naive = score(*five_times[:2], TWO)["accuracy"]
    assert naive["high"] - naive["low"] < 0.6 * (once["high"] - once["low"])


def test_constant_predictions_are_said_to_tell_nothing_apart():
    labels, _, patients = predict(60)
    constant = np.tile([0.2, 0.7, 0.1], (60, 1))
    scores = score(labels, constant, THREE, patients)
    assert any("Every film is called No finding" in note for note in scores["notes"])
    assert scores["auroc"]["value"] == 0.5
    assert scores["precision"]["Pneumonia"]["value"] is None
    assert scores["precision"]["Pneumonia"]["reason"] == "no film was called Pneumonia"
    assert scores["macro_precision"]["value"] is None
    assert scores["f1"]["Pneumonia"]["value"] == 0


def test_a_class_missing_from_the_split_is_null_with_a_reason_and_left_out_of_means():
    labels, probabilities, patients = predict(60)
    here = labels != "Pneumonia"
    scores = score(labels[here], probabilities[here], THREE, patients[here])
    for metric in ("sensitivity", "auroc_by_class", "auprc_by_class"):
        assert scores[metric]["Pneumonia"]["value"] is None
        assert "no film of Pneumonia" in scores[metric]["Pneumonia"]["reason"]
    both = [scores["auroc_by_class"][name]["value"] for name in THREE[:2]]
    assert scores["auroc"]["value"] == pytest.approx(np.mean(both), abs=1e-6)
    assert any("No film of Pneumonia" in note for note in scores["notes"])


def test_a_split_of_one_class_has_no_auroc_and_says_why():
    labels, probabilities, patients = predict(30, TWO)
    one = labels == "positive"
    scores = score(labels[one], probabilities[one], TWO, patients[one])
    assert scores["auroc"] == {
        "value": None, "low": None, "high": None, "n": int(one.sum()),
        "reason": "only one class is in the test split",
    }  # fmt: skip
    json.dumps(scores, allow_nan=False)


def test_three_patients_get_values_but_no_intervals():
    labels, probabilities, _ = predict(9, TWO)
    scores = score(labels, probabilities, TWO, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert scores["accuracy"]["value"] is not None
    assert scores["accuracy"]["low"] is None
    assert scores["accuracy"]["reason"] == "3 patients are too few for an interval"
    assert any("Only 3 patients" in note for note in scores["notes"])


def test_no_error_seen_is_not_no_error():
    labels = np.array(TWO * 20)
    sure = np.tile([[0.9, 0.1], [0.1, 0.9]], (20, 1))
    scores = score(labels, sure, TWO, np.arange(40), prevalence=0.01)
    assert scores["accuracy"]["low"] == pytest.approx(0.025 ** (1 / 40), abs=1e-6)
    assert scores["sensitivity"]["positive"]["low"] == pytest.approx(0.025 ** (1 / 20), abs=1e-6)
    assert scores["ppv"]["positive"]["value"] == 1
    assert scores["ppv"]["positive"]["low"] < 0.1  # one false alarm in twenty would spoil it


def test_unknown_patients_are_said_to_be_unknown():
    labels, probabilities, _ = predict(30)
    scores = score(labels, probabilities, THREE)
    assert scores["patients"] is None
    assert any("Patients are unknown" in note for note in scores["notes"])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda p: p.__setitem__((4, 1), np.nan),
            "1 of 30 films have a probability that is not a number",
        ),
        (lambda p: p.__imul__(2), "not between 0 and 1 with sum 1"),
        (lambda p: p.__isub__(0.5), "not between 0 and 1 with sum 1"),
    ],
)
def test_broken_probabilities_are_one_clear_sentence(spoil, words):
    labels, probabilities, patients = predict(30)
    spoil(probabilities)
    with pytest.raises(SuiteError, match=words):
        score(labels, probabilities, THREE, patients)


def test_no_films_unknown_labels_and_wrong_shapes_are_refused():
    labels, probabilities, _ = predict(10)
    with pytest.raises(SuiteError, match="no film to score"):
        score([], np.empty((0, 3)), THREE)
    with pytest.raises(SuiteError, match="'SARS' is none of the classes"):
        score(["SARS", *labels[1:]], probabilities, THREE)
    with pytest.raises(SuiteError, match="shape"):
        score(labels, probabilities[:, :2], THREE)
    with pytest.raises(SuiteError, match="3 patients for 10 films"):
        score(labels, probabilities, THREE, [1, 2, 3])


@pytest.mark.parametrize("prevalence", [0, 1, -0.1, {"COVID-19": 0.1}])
def test_an_impossible_prevalence_is_wrong_usage(prevalence):
    labels, probabilities, _ = predict(10)
    with pytest.raises(UsageError, match="prevalence"):
        score(labels, probabilities, THREE, prevalence=prevalence)
