"""EfficientNet-Lite0, a small network whose ImageNet weights come with the suite's packages.

Two uses. `efficientnet_lite0` trains its later half on films. `stage_statistics` trains none of it:
it describes a film by the mean and the spread of every filter of its middle and late stages, which
is texture at five scales, and leaves the decision to a head.
"""

from helpers.model.architectures.layers import (
    Tensor,
    as_colour,
    film_input,
    mark_saliency,
    softmax_end,
)
from helpers.model.architectures.registry import register
from helpers.model.backend import keras

layers = keras.layers

# (expansion, kernel, stride of the first, channels, blocks) of each stage, as published.
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
PACKAGED = "EfficientNetLite0"  # whose weights `helpers.model.packaged_weights` has


@register(
    "efficientnet_lite0",
    smallest=32,
    usual_size=256,
    source="Tan 2019, Google's Lite variant (2020): no squeeze, ReLU6",
    application=PACKAGED,
)
def efficientnet_lite0(
    name: str, class_count: int, image_size: int, *, frozen_blocks: int = 5
) -> keras.Model:
    """Build the network; the stem, the first `frozen_blocks` of 16 blocks and all batch
    statistics keep the weights that are loaded."""
    films = film_input(image_size)
    x = layers.Conv2D(1280, 1, use_bias=False, name="conv_head")(_stages(films)[-1])
    x = layers.GlobalAveragePooling2D()(mark_saliency(_normalised(x, "bn1")))
    model = keras.Model(films, softmax_end(layers.Dropout(0.3)(x), class_count), name=name)
    early = ("conv_stem", *(f"blocks_{block}_" for block in range(frozen_blocks)))
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization) or layer.name.startswith(early):
            layer.trainable = False
    return model


@register(
    "stage_statistics",
    smallest=32,
    usual_size=512,
    source="this suite: means and spreads of a frozen EfficientNet-Lite0, for a head",
    application=PACKAGED,
    frozen=True,
)
def stage_statistics(name: str, class_count: int, image_size: int) -> keras.Model:
    """Build the frozen stages; what the last layer reads is the mean and the standard deviation
    of each of the 744 filters of stages 3 to 7."""
    films = film_input(image_size)
    *middle, last = _stages(films)[2:]
    maps = [*middle, mark_saliency(last)]
    means = [layers.GlobalAveragePooling2D()(x) for x in maps]
    spreads = [keras.ops.std(x, axis=(1, 2)) for x in maps]
    features = layers.Concatenate()([*means, *spreads])
    model = keras.Model(films, softmax_end(features, class_count), name=name)
    for layer in model.layers[:-2]:
        layer.trainable = False
    return model


def _stages(films: Tensor) -> list[Tensor]:
    """The map that each of the seven stages gives."""
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="as_published")(as_colour(films))
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="conv_stem")(x)
    x, block, maps = _normalised(x, "bn0"), 0, []
    for expansion, kernel, stride, channels, count in STAGES:
        for position in range(count):
            step = stride if position == 0 else 1
            x = _block(x, f"blocks_{block}", expansion, kernel, step, channels)
            block += 1
        maps.append(x)
    return maps


def _block(x: Tensor, name: str, expansion: int, kernel: int, stride: int, channels: int) -> Tensor:
    """Inverted residual: widen, filter each channel, narrow; add the input where it fits."""
    given = x
    if expansion != 1:
        width = expansion * given.shape[-1]
        x = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _normalised(x, f"{name}_bn0")
    x = layers.DepthwiseConv2D(
        kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = _normalised(x, f"{name}_bn1")
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn2")(x)
    return layers.Add()([x, given]) if given.shape == x.shape else x


def _normalised(x: Tensor, name: str) -> Tensor:
    x = layers.BatchNormalization(epsilon=1e-3, name=name)(x)
    return layers.Activation("relu6")(x)
