"""DarkCovidNet (Ozturk and others 2020, doi:10.1016/j.compbiomed.2020.103792)."""

from helpers.model.architectures.layers import (
    Tensor,
    as_colour,
    film_input,
    mark_saliency,
    softmax_end,
    to_unit,
)
from helpers.model.architectures.registry import register
from helpers.model.backend import keras

layers = keras.layers


@register(
    "darkcovidnet",
    smallest=32,
    usual_size=256,
    source="Ozturk 2020: seventeen convolutions after Darknet-19",
)
def darkcovidnet(name: str, class_count: int, image_size: int) -> keras.Model:
    """Build the published network: 1,164,434 trainable parameters with two classes at 256."""
    films = film_input(image_size)
    x = to_unit(as_colour(films))
    for filters in (8, 16):
        x = layers.MaxPooling2D(2)(_convolution(x, filters))
    for filters in (32, 64, 128):
        x = layers.MaxPooling2D(2)(_triple(x, filters))
    x = _triple(x, 256)
    x = _convolution(x, 128, kernel=1)
    x = _convolution(x, 256)
    x = layers.Conv2D(class_count, 3, padding="same", use_bias=False, activation="relu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Flatten()(mark_saliency(x))
    return keras.Model(films, softmax_end(x, class_count), name=name)


def _triple(x: Tensor, filters: int) -> Tensor:
    x = _convolution(x, filters)
    x = _convolution(x, filters // 2, kernel=1)
    return _convolution(x, filters)


def _convolution(x: Tensor, filters: int, kernel: int = 3) -> Tensor:
    if kernel == 1:
        # The published code pads 1x1 convolutions by one as well, so maps grow by two.
        x = layers.ZeroPadding2D(1)(x)
    padding = "same" if kernel > 1 else "valid"
    x = layers.Conv2D(filters, kernel, padding=padding, use_bias=False)(x)
    x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x)
    return layers.LeakyReLU(negative_slope=0.1)(x)
