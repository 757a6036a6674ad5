"""Write the light LiteRT model: probabilities and every class's Grad-CAM map in one pass."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.base import ClassifierMixin
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from helpers.core.errors import SuiteError
from helpers.core.runs import replacing
from helpers.model.architectures.layers import LOGITS_LAYER, SALIENCY_LAYER
from helpers.model.backend import keras, tf
from helpers.model.heads import save_head
from helpers.model.quiet import quiet_stderr
from helpers.model.saliency import channel_weights, dense_path, saliency_maps

Signature = tf.types.experimental.GenericFunction
Answer = Callable[[tf.Tensor], dict[str, tf.Tensor]]


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
    *,
    head: ClassifierMixin | None = None,
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
        head: a scikit-learn head that replaces the last layer; it goes to `head.skops`, and the
            signature gives its input `features` (N, F) in place of the map.

    Raises:
        SuiteError: the class names do not fit the network, or LiteRT cannot hold it.
    """
    if model.output_shape[-1] != len(classes):
        raise SuiteError(
            f"The network has {model.output_shape[-1]} outputs and {len(classes)} class names "
            "were given; train it again with these classes."
        )
    content, saliency = convert(model, features=head is not None)
    facts = {
        **preprocessing,
        "image_size": int(model.input_shape[1]),
        "classes": list(classes),
        "architecture": model.name,
        "saliency": saliency,
    }
    _write_text(folder / "labels.json", list(classes))
    _write_text(folder / "preprocessing.json", facts)
    _write_head(folder / "head.skops", head)
    with replacing(folder / "model.tflite") as temporary:
        temporary.write_bytes(content)
    return LightModel(folder / "model.tflite", len(content), saliency)


def convert(model: keras.Model, *, features: bool = False) -> tuple[bytes, bool]:
    """The LiteRT file's bytes, and whether it holds the saliency output."""
    single = _in_float32(model)
    path = None if features else dense_path(single)
    if features:
        function = _with_features(single)
    elif path is None:
        function = _probabilities_only(single)
    else:
        function = _with_saliency(single, path)
    signature = _as_signature(function, single)
    with tempfile.TemporaryDirectory() as folder, quiet_stderr():
        tf.saved_model.save(tf.Module(), folder, signatures={"predict": _frozen(signature)})
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


def _as_signature(function: Answer, model: keras.Model) -> Signature:
    films = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="films")
    return tf.function(function, input_signature=[films])


def _frozen(function: Signature) -> Signature:
    """The same signature with weights as constants; LiteRT would look for variables in vain."""
    concrete = function.get_concrete_function()
    constant = convert_variables_to_constants_v2(concrete)
    names = sorted(concrete.structured_outputs)

    @tf.function(input_signature=function.input_signature)
    def predict(films: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(names, constant(films), strict=True))

    return predict


def _with_saliency(model: keras.Model, path: list[keras.layers.Layer]) -> Answer:
    """Probabilities and maps; `path` is what `dense_path` found."""
    hidden = [layer for layer in path[1:-1] if layer.activation.__name__ == "relu"]
    view = keras.Model(
        model.input,
        [model.output, model.get_layer(SALIENCY_LAYER).output, *(h.output for h in hidden)],
    )

    def predict(films: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities, features, *activations = view(films, training=False)
        on = {
            layer.name: tf.cast(a > 0, a.dtype)
            for layer, a in zip(hidden, activations, strict=True)
        }
        weights = channel_weights(path, model.output_shape[-1], features.shape[1:], on)
        return {"probabilities": probabilities, "saliency": saliency_maps(features, weights)}

    return predict


def _probabilities_only(model: keras.Model) -> Answer:
    return lambda films: {"probabilities": model(films, training=False)}


def _with_features(model: keras.Model) -> Answer:
    """Probabilities and what the last layer reads, for a head that replaces it."""
    view = keras.Model(model.input, [model.output, model.get_layer(LOGITS_LAYER).input])

    def predict(films: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities, features = view(films, training=False)
        return {"features": features, "probabilities": probabilities}

    return predict


def _in_float32(model: keras.Model) -> keras.Model:
    """The same network in single precision, for a model trained in half precision on a GPU."""
    if all(layer.compute_dtype == "float32" for layer in model.layers):
        return model

    def single(layer: keras.layers.Layer) -> keras.layers.Layer:
        return type(layer).from_config({**layer.get_config(), "dtype": "float32"})

    copy = keras.models.clone_model(model, clone_function=single)
    copy.set_weights(model.get_weights())
    return copy


def _write_head(path: Path, head: ClassifierMixin | None) -> None:
    if head is None:
        path.unlink(missing_ok=True)
    else:
        save_head(head, path)


def _write_text(path: Path, value: object) -> None:
    with replacing(path) as temporary:
        text = json.dumps(value, indent=2, ensure_ascii=False, default=_plain)
        temporary.write_text(text + "\n", encoding="utf-8")


def _plain(value: object) -> object:
    """Numpy numbers as Python's, for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
