"""Deep features: what a network knows of a film just before its last layer."""

import numpy as np

from helpers.model.architectures.layers import LOGITS_LAYER
from helpers.model.backend import keras
from helpers.model.training import predict


def feature_network(model: keras.Model) -> keras.Model:
    """The network up to the input of `logits`, sharing its weights."""
    return keras.Model(model.input, model.get_layer(LOGITS_LAYER).input, name=model.name)


def deep_features(model: keras.Model, images: np.ndarray, batch_size: int = 32) -> np.ndarray:
    """Features float32 (N, F) of films uint8 (N, S, S), computed once and in batches."""
    return predict(feature_network(model), images, batch_size)
