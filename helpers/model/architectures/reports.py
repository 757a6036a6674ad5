"""The networks that reports A, C and E trained from scratch, layer by layer as printed there."""

from helpers.model.architectures.layers import (
    Tensor,
    as_colour,
    film_input,
    mark_saliency,
    sigmoid_end,
    softmax_end,
    to_unit,
)
from helpers.model.architectures.registry import register
from helpers.model.backend import keras

layers = keras.layers


@register(
    "parallel_kernel_cnn",
    smallest=10,
    usual_size=100,
    source="report A (2023): three kernel sizes side by side",
)
def parallel_kernel_cnn(name: str, class_count: int, image_size: int) -> keras.Model:
    """Build A's network, 2,426,018 parameters with two classes at 100 pixels."""
    films = film_input(image_size)
    unit = to_unit(films)
    x = layers.Concatenate()(
        [layers.Conv2D(128, k, padding="same", activation="relu")(unit) for k in (3, 5, 7)]
    )
    for filters in (64, 32):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(mark_saliency(x))
    for units in (128, 64):
        x = layers.Dropout(0.5)(x)
        x = layers.Dense(units, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(films, softmax_end(x, class_count), name=name)


@register(
    "ten_conv_cnn",
    smallest=16,
    usual_size=256,
    source="report C (2023): ten convolutions, batch normalisation after each",
)
def ten_conv_cnn(name: str, class_count: int, image_size: int) -> keras.Model:
    """Build C's network, 1,869,127 parameters with three classes at 256 pixels."""
    films = film_input(image_size)
    x = to_unit(as_colour(films))
    for number, filters in enumerate((8, 16, 32, 16, 32, 64, 32, 64, 128, 64), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        if number in (1, 2, 5, 8):
            x = layers.MaxPooling2D(2, padding="same")(x)
        x = layers.BatchNormalization()(x)
    x = layers.Flatten()(mark_saliency(x))
    for _ in range(2):
        x = layers.Dense(100, activation="relu")(x)
    x = layers.Dropout(0.25)(x)
    return keras.Model(films, softmax_end(x, class_count), name=name)


@register(
    "sigmoid_cnn",
    smallest=26,
    usual_size=150,
    source="report E (2021): one sigmoid unit for two classes, softmax here for more",
)
def sigmoid_cnn(name: str, class_count: int, image_size: int) -> keras.Model:
    """Build E's network, 8,777,089 parameters with two classes at 150 pixels."""
    films = film_input(image_size)
    x = to_unit(as_colour(films))
    for filters, pooled in ((32, True), (64, True), (128, False), (256, False)):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        if pooled:
            x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(mark_saliency(x))
    x = _dense_without_activation(x)
    end = sigmoid_end(x) if class_count == 2 else softmax_end(x, class_count)
    return keras.Model(films, end, name=name)


def _dense_without_activation(features: Tensor) -> Tensor:
    # The report's layer has no activation: with the unit behind it, one linear map in two steps.
    return layers.Dropout(0.25)(layers.Dense(32)(features))
