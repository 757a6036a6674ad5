"""Batches: every training film once an epoch, and the same batch whenever it is asked for."""

import numpy as np
import pytest

from helpers.model.backend import keras
from helpers.model.batches import (
    EpochBatches,
    class_weights,
    soft_labels,
    steps_per_epoch,
    train_epoch,
)
from tests.unit.model.small_films import small_films, small_settings


def shown(batches: EpochBatches) -> list[bytes]:
    return [film.tobytes() for index in range(len(batches)) for film in batches[index][0]]


def test_every_training_film_once_and_no_other():
    films = small_films()
    batches = EpochBatches(films, small_settings(), epoch=0)
    expected = [film.tobytes() for film in films.images[films.rows("train")]]
    assert sorted(shown(batches)) == sorted(expected)
    assert len(batches) == steps_per_epoch(34, 8) == 5
    assert batches[4][0].shape == (2, 16, 16, 1) and batches[4][0].dtype == np.uint8


def test_epochs_differ_and_each_can_be_repeated():
    films, settings = small_films(), small_settings(augment_rotation=10, mixup=0.2)
    first = EpochBatches(films, settings, epoch=0)
    assert shown(first) == shown(EpochBatches(films, settings, epoch=0))
    assert shown(first) != shown(EpochBatches(films, settings, epoch=1))
    assert np.array_equal(first[2][0], first[2][0])


def test_labels_follow_their_films():
    films = small_films()
    batches = EpochBatches(films, small_settings(), epoch=0)
    codes = {film.tobytes(): code for film, code in zip(films.images, films.codes, strict=True)}
    for images, labels in (batches[i] for i in range(len(batches))):
        assert [codes[image.tobytes()] for image in images] == list(labels.argmax(axis=1))


def test_label_smoothing_takes_a_part_and_spreads_it():
    assert soft_labels(small_films(), 0.3)[0] == pytest.approx([0.8, 0.1, 0.1])


def test_class_weights_make_every_class_weigh_the_same():
    films = small_films()
    films.codes[:20] = 1
    counts = np.bincount(films.codes[films.rows("train")])
    assert (class_weights(films) * counts).std() == pytest.approx(0, abs=1e-5)
    batch = EpochBatches(films, small_settings(class_weights=True), epoch=0)[0]
    assert batch[2] == pytest.approx(class_weights(films)[batch[1].argmax(axis=1)])


def linear_network(learning_rate: float) -> keras.Model:
    films = keras.Input((16, 16, 1))
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(films))
    model = keras.Model(films, keras.layers.Dense(3, activation="softmax")(flat))
    optimizer = keras.optimizers.SGD(learning_rate)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


def test_an_epochs_loss_and_accuracy_count_every_film_once():
    films, model = small_films(), linear_network(learning_rate=0.0)
    chosen = films.rows("train")
    truth = soft_labels(films, 0)[films.codes[chosen]]
    expected = model.evaluate(films.images[chosen][..., None], truth, verbose=0, return_dict=True)
    assert train_epoch(model, EpochBatches(films, small_settings(), 0)) == pytest.approx(expected)


def test_an_epoch_learns_and_tells_every_batch():
    films, model = small_films(), linear_network(learning_rate=0.05)
    batches, told = EpochBatches(films, small_settings(), epoch=0), []
    first = train_epoch(model, batches, told.append)
    assert told == [1, 2, 3, 4, 5]
    assert train_epoch(model, batches)["loss"] < first["loss"]


def test_an_error_between_batches_ends_the_epoch():
    def stop(done: int) -> None:
        if done == 2:
            raise TimeoutError

    model = linear_network(learning_rate=0.05)
    with pytest.raises(TimeoutError):
        train_epoch(model, EpochBatches(small_films(), small_settings(), epoch=0), stop)
    assert int(model.optimizer.iterations.value) == 2
