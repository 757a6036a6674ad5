"""Scikit-learn heads: they learn, come back the same, and never run code from a file."""

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from helpers.core.errors import SuiteError, UsageError
from helpers.model.architectures import build
from helpers.model.heads import (
    HEADS,
    check_head,
    fit_head,
    head_probabilities,
    load_head,
    save_head,
)
from helpers.model.inference import deep_features, predict
from helpers.model.light import export_light
from helpers.model.predictor import Predictor
from helpers.model.training import fit
from tests.unit.model.small_films import small_films, small_settings


@pytest.fixture(scope="module")
def clusters():
    generator = np.random.default_rng(0)
    codes = np.arange(90) % 3
    return (generator.normal(0, 1, (90, 5)) + 2 * codes[:, None]).astype("float32"), codes


@pytest.mark.parametrize("name", HEADS)
def test_every_head_learns_and_comes_back_the_same(tmp_path, clusters, name):
    features, codes = clusters
    head = fit_head(name, features, codes, seed=0)
    probabilities = head_probabilities(head, features, 3)
    assert (probabilities.argmax(axis=1) == codes).mean() > 0.8
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    save_head(head, tmp_path / "head.skops")
    again = load_head(tmp_path / "head.skops")
    assert np.array_equal(head_probabilities(again, features, 3), probabilities)


@pytest.mark.parametrize("name", HEADS)
def test_the_same_seed_gives_the_same_head(clusters, name):
    features, codes = clusters
    one, other = (fit_head(name, features, codes, seed=3).predict_proba(features) for _ in "ab")
    assert np.array_equal(one, other)


def test_a_class_without_training_films_gets_no_probability(clusters):
    features, codes = clusters
    kept = codes != 1
    head = fit_head("decision_tree", features[kept], codes[kept], seed=0)
    assert not head_probabilities(head, features, 3)[:, 1].any()


def test_an_unknown_head_suggests_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'logistic_regression'"):
        check_head("logistic")


def test_a_head_needs_two_classes_and_numbers(clusters):
    features, codes = clusters
    with pytest.raises(SuiteError, match="at least two classes"):
        fit_head("decision_tree", features, np.zeros_like(codes), seed=0)
    with pytest.raises(SuiteError, match="not all numbers"):
        fit_head("decision_tree", features * np.nan, codes, seed=0)


def test_a_support_vector_machine_needs_five_films_of_each_class(clusters):
    features, codes = clusters
    few = np.flatnonzero((codes != 2) | (np.cumsum(codes == 2) <= 4))
    with pytest.raises(SuiteError, match="needs 5 training films of every class"):
        fit_head("support_vector_machine", features[few], codes[few], seed=0)


def test_a_file_that_could_run_code_is_refused(tmp_path):
    skops.io.dump(FunctionTransformer(func=np.savetxt), tmp_path / "head.skops")
    with pytest.raises(SuiteError, match="not on the list"):
        load_head(tmp_path / "head.skops")


def test_a_damaged_file_is_one_sentence(tmp_path):
    (tmp_path / "head.skops").write_bytes(b"PK nonsense")
    with pytest.raises(SuiteError, match="no readable head"):
        load_head(tmp_path / "head.skops")


def test_deep_features_are_what_the_last_layer_reads():
    model = build("mobilenet_v3_small", classes=3, image_size=32)
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32), dtype=np.uint8)
    features = deep_features(model, images, batch_size=2)
    logits = model.get_layer("logits")
    scores = features @ np.asarray(logits.kernel.value) + np.asarray(logits.bias.value)
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = np.asarray(model(images[..., None].astype("float32")))
    assert features.shape == (5, 576)
    assert exponents / exponents.sum(axis=1, keepdims=True) == pytest.approx(expected, abs=1e-5)


def test_a_run_trained_with_a_head_answers_with_it_everywhere(tmp_path):
    films = small_films(size=32)
    settings = small_settings(image_size=32, head="logistic_regression")
    model = build("mobilenet_v3_small", classes=3, image_size=32)
    training = fit(model, films, settings, tmp_path / "model")
    assert training.finished and training.history["val_accuracy"][0] > 0.8
    export_light(model, tmp_path / "model", films.classes, {}, head=training.head)
    expected = predict(model, films.images, head=training.head)
    found, maps = Predictor.load(tmp_path).predict_pixels(films.images)
    assert maps is None
    assert found == pytest.approx(expected, abs=1e-4)
