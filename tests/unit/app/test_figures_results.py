"""Figures of films, training, scores and audits: what they show is what they were given."""

import numpy as np
import pandas as pd
import pytest

from helpers.app.figures import (
    alt_text,
    audits,
    evaluation,
    explanation,
    gallery,
    intervals,
    preparation,
    training,
)
from helpers.data.enhancement import ENHANCEMENTS

CLASSES = ("COVID-19", "No finding", "Pneumonia")
RANDOM = np.random.default_rng(0)
FILM = RANDOM.integers(0, 256, (48, 40), dtype=np.uint8)


def metric(value: float | None, low: float | None = None, high: float | None = None) -> dict:
    return {"value": value, "low": low, "high": high, "n": 10}


@pytest.fixture
def scored() -> tuple[np.ndarray, np.ndarray]:
    """Sixty labels and probabilities that are right most of the time."""
    labels = np.repeat(np.array(CLASSES, dtype=object), 20)
    probabilities = RANDOM.dirichlet(np.ones(3), 60)
    probabilities[np.arange(60), np.repeat(range(3), 20)] += 1
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True)


def test_film_grid_leaves_out_empty_classes_and_fills_gaps() -> None:
    figure = gallery.film_grid({"Pneumonia": [FILM] * 7, "COVID-19": [FILM], "No finding": []})
    assert alt_text(figure).startswith("Films shown: 1 of COVID-19 and 5 of Pneumonia")
    figure.draw_without_rendering()
    gallery.film_grid({}).draw_without_rendering()


def test_mean_film_and_grey_values_tell_the_level() -> None:
    stacks = {"COVID-19": np.full((3, 8, 8), 200, np.uint8), "Pneumonia": FILM[None, :8, :8]}
    assert "COVID-19 200" in alt_text(gallery.mean_films(stacks))
    assert "COVID-19 200 (standard deviation 0)" in alt_text(gallery.intensities(stacks))


def test_a_grey_histogram_sums_to_one_and_finds_its_bin() -> None:
    shares = gallery.grey_histogram(np.array([[0, 255, 255, 128]], np.uint8), 4)
    assert shares.tolist() == [0.25, 0, 0.25, 0.5]


def test_pairs_are_captioned_and_none_is_said() -> None:
    assert "1 pair: a and b." in alt_text(gallery.film_pairs([(FILM, FILM)], [("a", "b")]))
    assert alt_text(gallery.film_pairs([], [])).startswith("No pair")
    gallery.film_pairs([], []).draw_without_rendering()


def test_enhancements_compare_contrast() -> None:
    flat = np.full_like(FILM, 9)
    words = alt_text(preparation.enhancements({"none": FILM, "gamma": flat, "clahe": FILM}))
    assert "gamma 0" in words
    assert "Contrast" in words


@pytest.mark.parametrize("shape", [(60, 30), (40, 40), (30, 60)])
def test_titles_of_enhancements_keep_apart_whatever_the_film(shape: tuple[int, int]) -> None:
    figure = preparation.enhancements({name: np.zeros(shape, np.uint8) for name in ENHANCEMENTS})
    figure.draw_without_rendering()
    titles = [panel.get_title(loc="left") and panel._left_title for panel in figure.axes]
    boxes = [title.get_window_extent() for title in titles if title]
    assert len(boxes) == len(ENHANCEMENTS)
    for number, box in enumerate(boxes):
        # Clear of each other by two letters and more, as fonts differ between machines.
        assert not any(box.padded(40).overlaps(other) for other in boxes[number + 1 :])


def test_before_and_after_name_the_new_size() -> None:
    words = alt_text(preparation.before_after([FILM], [FILM[:20, :20]], ["Pneumonia"]))
    assert words == "1 film before and after preparation to 20 × 20."


@pytest.mark.parametrize(("patient", "said"), [("1", "1 patient in more"), ("9", "no patient is")])
def test_split_composition_counts_patients_in_two_splits(patient: str, said: str) -> None:
    films = pd.DataFrame(
        {
            "split": ["train", "train", "test"],
            "label": ["COVID-19", "No finding", "COVID-19"],
            "patient_id": ["1", "2", patient],
        }
    )
    words = alt_text(preparation.split_composition(films))
    assert "2 train and 1 test" in words
    assert said in words


def test_training_curves_name_the_best_epoch() -> None:
    history = pd.DataFrame({"loss": [1, 0.5], "accuracy": [0.5, 0.9], "val_accuracy": [0.8, 0.7]})
    assert "Best validation accuracy 0.80 in epoch 1" in alt_text(training.training_curves(history))
    training.training_curves(history.iloc[:0], epochs=5).draw_without_rendering()
    training.training_curves(history[["loss"]]).draw_without_rendering()


def test_confusion_matrix_keeps_a_class_nobody_has(scored: tuple) -> None:
    labels, probabilities = scored
    predicted = np.array(CLASSES, dtype=object)[probabilities.argmax(axis=1)]
    alone = labels == "COVID-19"
    words = alt_text(evaluation.confusion_matrix(labels[alone], predicted[alone], CLASSES))
    assert "20 of 20 COVID-19, 0 of 0 No finding" in words


def test_curves_agree_with_scikit_learn(scored: tuple) -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    labels, probabilities = scored
    truth, score = labels == "COVID-19", probabilities[:, 0]
    roc = evaluation.roc_curves(labels, probabilities, CLASSES)
    curve = evaluation.precision_recall_curves(labels, probabilities, CLASSES)
    assert f"COVID-19 {roc_auc_score(truth, score):.3f}" in alt_text(roc)
    assert f"COVID-19 {average_precision_score(truth, score):.3f}" in alt_text(curve)


def test_two_classes_need_one_curve() -> None:
    labels, scores = ["negative", "positive"] * 5, np.tile([[0.8, 0.2], [0.3, 0.7]], (5, 1))
    words = alt_text(evaluation.roc_curves(labels, scores, ("negative", "positive")))
    assert words == "Area under the ROC curve: positive 1.000."


def test_one_class_only_has_no_curve_but_a_sentence(scored: tuple) -> None:
    figure = evaluation.roc_curves(np.full(60, "COVID-19", object), scored[1], CLASSES)
    assert "not defined" in alt_text(figure)
    figure.draw_without_rendering()


def test_reliability_of_a_perfect_and_of_a_boastful_forecast() -> None:
    labels = ["a"] * 8 + ["b"] * 2
    honest, boastful = np.tile([0.8, 0.2], (10, 1)), np.tile([1.0, 0.0], (10, 1))
    table = evaluation.reliability_table(labels, honest, ("a", "b"))
    assert table["accuracy"].tolist() == [0.8]
    assert table["films"].tolist() == [10]
    figure = evaluation.reliability(labels, honest, ("a", "b"), others={"boastful": boastful})
    assert "as predicted: 0.000 and boastful: 0.200" in alt_text(figure)


def test_the_threshold_is_told_with_its_price() -> None:
    figure = evaluation.threshold_tradeoff([True, True, False], np.array([0.9, 0.2, 0.1]), 0.5)
    assert "sensitivity 0.50, specificity 1.00 and precision 1.00" in alt_text(figure)
    evaluation.threshold_tradeoff([True], np.array([0.9]), 0.5).draw_without_rendering()


def test_probability_spread_gives_medians(scored: tuple) -> None:
    words = alt_text(evaluation.probability_spread(*scored, CLASSES, "Pneumonia"))
    assert words.count(",") == 1
    assert " and Pneumonia 0." in words


def test_intervals_are_written_out_and_gaps_stay_gaps() -> None:
    assert intervals.interval_text(metric(0.5, 0.4, 0.61)) == "0.50 (0.40–0.61)"
    assert intervals.interval_text(metric(0.5)) == "0.50"
    assert intervals.interval_text(metric(None)) == "–"
    assert intervals.interval_text(metric(float("nan"))) == "–"
    figure = intervals.metric_intervals({"accuracy": metric(0.5, 0.4, 0.6), "x": metric(None)})
    assert "accuracy 0.50 (0.40–0.60)." in alt_text(figure)
    intervals.metric_intervals({}).draw_without_rendering()


def test_systems_are_compared_even_where_one_lacks_a_metric() -> None:
    runs = {"A": {"accuracy": metric(0.9)}, "C": {"auroc": metric(0.8)}}
    words = alt_text(intervals.systems_comparison(runs, ["accuracy", "auroc"]))
    assert "A: accuracy 0.90, auroc –; C: accuracy –, auroc 0.80." in words


def test_subgroups_carry_their_numbers() -> None:
    rows = [{"group": "sex", "value": "F", "n": 12, "score": 0.9, "low": 0.7, "high": 1.0}]
    words = alt_text(intervals.subgroup_intervals(pd.DataFrame(rows), "AUROC"))
    assert words == "AUROC: sex: F (n = 12) 0.90 (0.70–1.00)."


def test_saliency_is_measured_against_its_mask() -> None:
    saliency, mask = np.zeros((6, 5)), np.zeros(FILM.shape, bool)
    saliency[0, 4] = 1
    mask[:, 20:] = True
    figure = explanation.saliency_overlay([FILM], [saliency], ["Pneumonia 0.91"], [mask])
    assert "strongest at the upper right" in alt_text(figure)
    assert "100% of it inside the lungs" in alt_text(figure)
    figure.draw_without_rendering()


def test_an_empty_saliency_map_breaks_nothing() -> None:
    empty = explanation.enlarged(np.full((3, 3), np.nan), FILM.shape)
    assert empty.shape == FILM.shape
    assert empty.max() == 0
    assert explanation.share_inside(empty, np.ones(FILM.shape, bool)) == 0


def test_the_shortcut_audit_names_what_it_flags() -> None:
    scores = {"full film": metric(0.97), "lungs blacked out": metric(0.96, 0.9, 0.99)}
    flagged = audits.shortcut_audit(scores, 0.5, ["lungs blacked out"])
    assert "Flagged: lungs blacked out." in alt_text(flagged)
    assert "Nothing was flagged" in alt_text(audits.shortcut_audit(scores, 0.5))
    flagged.draw_without_rendering()


def test_gate_and_hidden_parts() -> None:
    rates = audits.gate_rates({"photograph": (9, 10), "frontal film": (0, 0)}, ["frontal film"])
    assert "photograph 9 of 10; frontal film 0 of 0" in alt_text(rates)
    rates.draw_without_rendering()
    audits.hidden_parts({"full film": FILM, "lungs blacked out": FILM}).draw_without_rendering()
