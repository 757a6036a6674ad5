"""The suite's own network."""

from helpers.model.architectures.layers import (
    Tensor,
    film_input,
    mark_saliency,
    softmax_end,
    to_unit,
)
from helpers.model.architectures.registry import register
from helpers.model.backend import keras

layers = keras.layers


@register(
    "chest_net",
    smallest=32,
    usual_size=256,
    source="this suite: residual blocks on one grey channel",
)
def chest_net(
    name: str,
    class_count: int,
    image_size: int,
    *,
    widths: tuple[int, ...] = (16, 32, 64, 128, 256),
) -> keras.Model:
    """Build a narrow pre-activation residual network that ends in global average pooling."""
    films = film_input(image_size)
    # Each film's own mean and spread are taken out: exposure differs by hospital, not by disease.
    x = layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False)(to_unit(films))
    x = layers.Conv2D(widths[0], 5, strides=2, padding="same", use_bias=False)(x)
    for width in widths[1:]:
        x = _residual(layers.MaxPooling2D(2)(x), width)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(mark_saliency(x))
    x = layers.Dropout(0.3)(x)
    return keras.Model(films, softmax_end(x, class_count), name=name)


def _residual(x: Tensor, width: int) -> Tensor:
    branch = layers.Activation("relu")(layers.BatchNormalization()(x))
    shortcut = layers.Conv2D(width, 1, use_bias=False)(branch)
    branch = layers.Conv2D(width, 3, padding="same", use_bias=False)(branch)
    branch = layers.Activation("relu")(layers.BatchNormalization()(branch))
    branch = layers.Conv2D(width, 3, padding="same", use_bias=False)(branch)
    return layers.Add()([shortcut, branch])
