"""Grad-CAM written down as matrix products, so that it fits inside the light model.

Grad-CAM weighs each channel of a feature map by the mean gradient of a class's logit over the map
(Selvaraju 2017). In every network of the registry only flattening or pooling and dense layers lie
behind `saliency_features`, so that gradient is a short product of their matrices, with the hidden
relu units that are off left out: no automatic gradient, whose operations LiteRT lacks, and no
second pass.
"""

from collections.abc import Mapping, Sequence

from helpers.model.architectures.layers import LOGITS_LAYER, PROBABILITIES_LAYER, SALIENCY_LAYER
from helpers.model.backend import keras, need_tensorflow, tf

need_tensorflow("The light model and its saliency maps are made with")

layers = keras.layers
_POOLING = (layers.Flatten, layers.GlobalAveragePooling2D)
_SILENT = (layers.Dropout, layers.Identity)  # nothing happens there when predicting


def dense_path(model: keras.Model) -> list[keras.layers.Layer] | None:
    """The layers from `saliency_features` to `logits`, or None where they are not understood."""
    known = {layer.name for layer in model.layers}
    if not {SALIENCY_LAYER, LOGITS_LAYER, PROBABILITIES_LAYER} <= known:
        return None
    layer, path = model.get_layer(LOGITS_LAYER), []
    while layer.name != SALIENCY_LAYER:
        path.insert(0, layer)
        if isinstance(layer.input, list):
            return None
        layer = layer.input._keras_history.operation
    first, *rest = [layer for layer in path if not isinstance(layer, _SILENT)]
    understood = isinstance(first, _POOLING) and all(_is_plain_dense(layer) for layer in rest)
    return [first, *rest] if understood else None


def _is_plain_dense(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, layers.Dense) and layer.activation.__name__ in ("relu", "linear")


def channel_weights(
    path: list[keras.layers.Layer],
    class_count: int,
    map_shape: Sequence[int],
    on: Mapping[str, tf.Tensor],
) -> tf.Tensor:
    """Mean gradient of every class's logit over the map: (N or 1, C, K).

    Args:
        path: the layers from the map to the logits.
        class_count: C; a single logit z of two classes counts as -z and z.
        map_shape: (h, w, K) of the map.
        on: for each hidden relu layer's name, which units are on, (N, units) of 0 and 1.
    """
    height, width, channels = map_shape
    pooling, *dense, logits = path
    kernels = [tf.convert_to_tensor(layer.kernel) for layer in (*dense, logits)]
    if isinstance(pooling, layers.Flatten):
        # The mean over the map can be taken of the matrix, once, instead of each film's gradient.
        first = tf.reshape(kernels[0], (height * width, channels, -1))
        kernels[0] = tf.reduce_mean(first, axis=0)
    else:
        kernels[0] = kernels[0] / (height * width)
    last = kernels[-1]
    gradient = tf.transpose(tf.concat([-last, last], 1) if last.shape[1] < class_count else last)
    gradient = gradient[None]
    for layer, kernel in zip(reversed(dense), reversed(kernels[:-1]), strict=True):
        if layer.name in on:
            gradient = gradient * on[layer.name][:, None, :]
        gradient = tf.matmul(gradient, tf.transpose(kernel))
    return gradient


def saliency_maps(features: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Channels weighed and added up, positive part: (N, h, w, C)."""
    _, height, width, channels = features.shape
    flat = tf.reshape(features, (-1, height * width, channels))
    maps = tf.matmul(flat, tf.transpose(weights, (0, 2, 1)))
    return tf.nn.relu(tf.reshape(maps, (-1, height, width, weights.shape[1])))
