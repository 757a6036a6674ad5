"""Predict with a Keras network: probabilities, or what its last layer reads."""

import functools

import numpy as np
from sklearn.base import ClassifierMixin

from helpers.model.architectures.layers import LOGITS_LAYER
from helpers.model.backend import keras
from helpers.model.heads import head_probabilities

BATCH = 64  # films at once


def predict(
    model: keras.Model,
    images: np.ndarray,
    batch_size: int = BATCH,
    *,
    mirrored: bool = False,
    head: ClassifierMixin | None = None,
) -> np.ndarray:
    """Class probabilities of films: uint8 (N, S, S) in, float32 (N, C) out.

    mirrored: the mean over each film and its mirror image; head: answers for the last layer.
    """
    sides = [images, images[:, :, ::-1]] if mirrored else [images]
    if head is None:
        return np.mean([_in_batches(model, side, batch_size) for side in sides], axis=0)
    classes = model.output_shape[-1]
    found = [head_probabilities(head, deep_features(model, side), classes) for side in sides]
    return np.mean(found, axis=0)


def deep_features(model: keras.Model, images: np.ndarray, batch_size: int = 32) -> np.ndarray:
    """What the last layer reads, float32 (N, F), for films uint8 (N, S, S)."""
    return _in_batches(_without_last_layer(model), images, batch_size)


@functools.lru_cache(maxsize=1)  # a new network would be compiled anew at every call
def _without_last_layer(model: keras.Model) -> keras.Model:
    return keras.Model(model.input, model.get_layer(LOGITS_LAYER).input, name=model.name)


def _in_batches(model: keras.Model, images: np.ndarray, batch_size: int) -> np.ndarray:
    """The network's output. Keras compiles anew for every batch size: a short one is filled up."""
    size = min(batch_size, len(images))
    parts = []
    for start in range(0, len(images), size):
        films = np.asarray(images[start : start + size])[..., None]
        filled = np.zeros((size, *films.shape[1:]), films.dtype)
        filled[: len(films)] = films
        parts.append(keras.ops.convert_to_numpy(model.predict_on_batch(filled))[: len(films)])
    return np.concatenate(parts)
