"""Predict with a Keras network: probabilities, or what its last layer reads."""

import numpy as np
from sklearn.base import ClassifierMixin

from helpers.model.architectures.layers import LOGITS_LAYER
from helpers.model.backend import keras
from helpers.model.heads import head_probabilities


def predict(
    model: keras.Model,
    images: np.ndarray,
    batch_size: int = 64,
    *,
    mirrored: bool = False,
    head: ClassifierMixin | None = None,
) -> np.ndarray:
    """Class probabilities of films: uint8 (N, S, S) in, float32 (N, C) out.

    mirrored: the mean over each film and its mirror image; head: answers for the last layer.
    """
    if head is not None:
        sides = [images, images[:, :, ::-1]] if mirrored else [images]
        found = [
            head_probabilities(head, deep_features(model, side), model.output_shape[-1])
            for side in sides
        ]
        return np.mean(found, axis=0)
    parts = []
    for start in range(0, len(images), batch_size):
        films = np.asarray(images[start : start + batch_size])[..., None]
        size = min(batch_size, len(images))
        found = _predict_padded(model, films, size)
        if mirrored:
            found = (found + _predict_padded(model, films[:, :, ::-1], size)) / 2
        parts.append(found)
    return np.concatenate(parts)


def _predict_padded(model: keras.Model, films: np.ndarray, batch_size: int) -> np.ndarray:
    """Predict one batch. Keras compiles anew for every batch size, so a short one is filled up."""
    filled = np.zeros((batch_size, *films.shape[1:]), films.dtype)
    filled[: len(films)] = films
    return keras.ops.convert_to_numpy(model.predict_on_batch(filled))[: len(films)]


def deep_features(model: keras.Model, images: np.ndarray, batch_size: int = 32) -> np.ndarray:
    """What the last layer reads, float32 (N, F), for films uint8 (N, S, S)."""
    network = keras.Model(model.input, model.get_layer(LOGITS_LAYER).input, name=model.name)
    return predict(network, images, batch_size)
