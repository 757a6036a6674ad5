"""Tiny films that a network can learn in seconds: one class bright above, one below, one flat."""

import numpy as np

from helpers.core.params import Parameters
from helpers.model.backend import keras
from helpers.model.films import LabelledFilms
from helpers.model.optimizers import make_optimizer

CLASSES = ("COVID-19", "No finding", "Pneumonia")


def small_films(count: int = 48, size: int = 16, seed: int = 0) -> LabelledFilms:
    generator = np.random.default_rng(seed)
    codes = np.arange(count) % 3
    images = generator.integers(40, 120, (count, size, size), dtype=np.uint8)
    images[codes == 0, : size // 2] += 90
    images[codes == 2, size // 2 :] += 90
    split = np.where(np.arange(count) < 0.7 * count, "train", "validation")
    names = np.array([f"film_{i}" for i in range(count)])
    return LabelledFilms(images, codes, split, names, CLASSES, names)


def small_settings(**changes) -> Parameters:
    values = {
        "image_size": 16,
        "epochs": 4,
        "batch_size": 8,
        "deterministic": True,
    }
    return Parameters(**(values | changes))


def tiny_network(size: int) -> keras.Model:
    """Everything that has state of its own (normalisation, dropout) in a network of seconds."""
    layers = keras.layers
    films = keras.Input((size, size, 1))
    x = layers.Conv2D(4, 3, strides=2, activation="relu")(layers.Rescaling(1 / 255)(films))
    x = layers.Flatten()(layers.BatchNormalization()(x))
    logits = layers.Dense(3, name="logits")(layers.Dropout(0.3)(x))
    return keras.Model(films, layers.Softmax()(logits), name="tiny")


def compiled(settings: Parameters, films: LabelledFilms) -> keras.Model:
    keras.utils.set_random_seed(settings.seed)
    model = tiny_network(settings.image_size)
    optimizer = make_optimizer(settings, films.count("train"))
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model
