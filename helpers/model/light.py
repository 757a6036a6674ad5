"""Write the light LiteRT model: probabilities and the Grad-CAM map of every class in one pass.

Grad-CAM weighs each channel of a feature map by the mean gradient of a class's logit over the map
(Selvaraju 2017). In every network of the registry only flattening or pooling and dense layers lie
behind `saliency_features`, so that gradient is a short product of their matrices, with the hidden
relu units that are off left out. It is written down here as such: no automatic gradient, whose
operations LiteRT lacks, and no second pass.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from helpers.core.errors import SuiteError
from helpers.core.runs import replacing
from helpers.model.architectures.layers import LOGITS_LAYER, PROBABILITIES_LAYER, SALIENCY_LAYER
from helpers.model.backend import keras, tf
from helpers.model.quiet import quiet_stderr

layers = keras.layers
Signature = tf.types.experimental.GenericFunction
_POOLING = (layers.Flatten, layers.GlobalAveragePooling2D)
_SILENT = (layers.Dropout, layers.Identity)  # nothing happens there when predicting


@dataclass(frozen=True)
class LightModel:
    """What was written: the file, its bytes, and whether it gives saliency maps."""

    path: Path
    size_bytes: int
    saliency: bool


def export_light(
    model: keras.Model,
    folder: Path,
    classes: Sequence[str],
    preprocessing: Mapping[str, object],
) -> LightModel:
    """Write `model.tflite`, `labels.json` and `preprocessing.json` into `folder`.

    The one signature takes `films` float32 (N, S, S, 1), raw 8-bit values, N free, and returns
    `probabilities` (N, C) and `saliency` (N, h, w, C), the raw non-negative Grad-CAM maps of the
    logits. A network whose end is not understood is written without `saliency`, and
    preprocessing.json says so.

    Args:
        model: a network of the registry, trained.
        folder: the run's `model/` folder.
        classes: class names in the order of the probabilities.
        preprocessing: how films become the network's input (enhancement and the like).

    Raises:
        SuiteError: the class names do not fit the network, or LiteRT cannot hold it.
    """
    if model.output_shape[-1] != len(classes):
        raise SuiteError(
            f"The network has {model.output_shape[-1]} outputs and {len(classes)} class names "
            "were given; train it again with these classes."
        )
    content, saliency = convert(model)
    facts = {
        **preprocessing,
        "image_size": int(model.input_shape[1]),
        "classes": list(classes),
        "architecture": model.name,
        "saliency": saliency,
    }
    _write_text(folder / "labels.json", list(classes))
    _write_text(folder / "preprocessing.json", facts)
    with replacing(folder / "model.tflite") as temporary:
        temporary.write_bytes(content)
    return LightModel(folder / "model.tflite", len(content), saliency)


def convert(model: keras.Model) -> tuple[bytes, bool]:
    """The LiteRT file's bytes, and whether it holds the saliency output."""
    single = _in_float32(model)
    path = dense_path(single)
    function = _probabilities_only(single) if path is None else _with_saliency(single, path)
    with tempfile.TemporaryDirectory() as folder, quiet_stderr():
        tf.saved_model.save(tf.Module(), folder, signatures={"predict": _frozen(function)})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["predict"])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return converter.convert(), path is not None
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise SuiteError(
                f"{model.name} could not be written as a light model ({reason}); "
                "use a network of the registry."
            ) from error


def _frozen(function: Signature) -> Signature:
    """The same signature with weights as constants; LiteRT would look for variables in vain."""
    concrete = function.get_concrete_function()
    constant = convert_variables_to_constants_v2(concrete)
    names = sorted(concrete.structured_outputs)

    @tf.function(input_signature=function.input_signature)
    def predict(films: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(names, constant(films), strict=True))

    return predict


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


def _with_saliency(model: keras.Model, path: list[keras.layers.Layer]) -> Signature:
    """The signature with both outputs; `path` is what `dense_path` found."""
    hidden = [layer for layer in path[1:-1] if layer.activation.__name__ == "relu"]
    view = keras.Model(
        model.input,
        [model.output, model.get_layer(SALIENCY_LAYER).output, *(h.output for h in hidden)],
    )

    @tf.function(input_signature=[_films(model)])
    def predict(films: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities, features, *activations = view(films, training=False)
        on = {
            layer.name: tf.cast(a > 0, a.dtype)
            for layer, a in zip(hidden, activations, strict=True)
        }
        weights = channel_weights(path, model.output_shape[-1], features.shape[1:], on)
        return {"probabilities": probabilities, "saliency": _saliency(features, weights)}

    return predict


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


def _saliency(features: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Channels weighed and added up, positive part: (N, h, w, C)."""
    _, height, width, channels = features.shape
    flat = tf.reshape(features, (-1, height * width, channels))
    maps = tf.matmul(flat, tf.transpose(weights, (0, 2, 1)))
    return tf.nn.relu(tf.reshape(maps, (-1, height, width, weights.shape[1])))


def _probabilities_only(model: keras.Model) -> Signature:
    @tf.function(input_signature=[_films(model)])
    def predict(films: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"probabilities": model(films, training=False)}

    return predict


def _films(model: keras.Model) -> tf.TensorSpec:
    return tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="films")


def _in_float32(model: keras.Model) -> keras.Model:
    """The same network in single precision, for a model trained in half precision on a GPU."""
    if all(layer.compute_dtype == "float32" for layer in model.layers):
        return model

    def single(layer: keras.layers.Layer) -> keras.layers.Layer:
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(model, clone_function=single)
    copy.set_weights(model.get_weights())
    return copy


def _write_text(path: Path, value: object) -> None:
    with replacing(path) as temporary:
        text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
        temporary.write_text(text + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    """Numpy numbers as Python's, for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
