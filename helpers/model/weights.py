"""Start from trained weights: ImageNet's, another run's, a file's. Arrays are read, code never.

A `.keras` file is a zip of a description and of arrays. Only the arrays are read, into a network
that our own registry built, so nothing in the file's description is ever executed.
"""

import hashlib
import json
import os
import tempfile
import warnings
import zipfile
from pathlib import Path

from helpers.core.errors import MissingInputError, SuiteError, UsageError
from helpers.core.runs import Run, outputs_root
from helpers.data import storage
from helpers.model.architectures import describe
from helpers.model.architectures.efficientnet_lite import PACKAGED
from helpers.model.architectures.layers import SALIENCY_LAYER
from helpers.model.backend import keras
from helpers.model.packaged_weights import load_packaged

_ADDRESS = "https://storage.googleapis.com/tensorflow/keras-applications/"
_KERNELS = "weights_tf_dim_ordering_tf_kernels_notop.h5"
# Application: folder and file at Keras's address, and the MD5 sum that Keras publishes.
IMAGENET_FILES = {
    "VGG16": (f"vgg16/vgg16_{_KERNELS}", "6d6bbae143d832006294945121d1f1fc"),
    "ResNet50": (f"resnet/resnet50_{_KERNELS}", "4d473c1dd8becc155b73f8504c6f6626"),
    "ResNet152": (f"resnet/resnet152_{_KERNELS}", "ee4c566cf9a93f14d82f913c2dc6dd0c"),
    "InceptionV3": (f"inception_v3/inception_v3_{_KERNELS}", "bcbd6486424b2319ff4ef7d526e38f63"),
    "DenseNet121": (f"densenet/densenet121_{_KERNELS}", "30ee3e1110167f948a6b9946edeeb738"),
    "Xception": (f"xception/xception_{_KERNELS}", "b0042744bf5b25fce3cb969f33bebb97"),
    "MobileNetV3Small": (
        "mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        "d3e8ec802a04aa4fc771ee12a9a9b836",
    ),
}


def load_weights(model: keras.Model, source: str) -> str:
    """Put weights into `model` before training; a sentence that says which.

    Args:
        model: a network of the registry.
        source: `none`, `imagenet`, `run:NAME`, the path of a `.keras` or `.weights.h5` file, or
            its `s3://bucket/key` address.

    Raises:
        MissingInputError: the file or run is not there.
        SuiteError: the file is damaged, holds another network, or could run code.
    """
    if source == "none":
        return "Training starts from random weights."
    if source == "imagenet":
        return _load_imagenet(model)
    if source.startswith("run:"):
        path = Run(source.removeprefix("run:")).require("model/model.keras")
        _load_file(model, path, source)
        return f"Training goes on from the model of run {source.removeprefix('run:')}."
    if source.startswith("s3://"):
        place = storage.parse_address(source)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"model{_ending(source)}"  # never the key's own name
            storage.download(place.bucket, place.key, file)
            _load_file(model, file, source)
        return f"Training starts from {source}."
    path = Path(source).expanduser()
    if not path.is_file():
        raise MissingInputError(
            f"weights: {source!r} is no file; give none, imagenet, run:NAME, a .keras file or an "
            "s3:// address."
        )
    _load_file(model, path, path.name)
    return f"Training starts from {path.name}."


def imagenet_file(application: str) -> Path:
    """The ImageNet weights of one application: ours, Keras's own copy, or fetched now.

    Raises:
        MissingInputError: offline and not here; the sentence says what to fetch and where to.
    """
    address, digest = IMAGENET_FILES[application]
    name = Path(address).name
    folder = outputs_root() / ".weights"
    for place in (folder / name, _keras_folder() / "models" / name):
        if place.is_file() and _md5(place) == digest:
            return place
    try:
        keras.utils.get_file(
            name, _ADDRESS + address, cache_dir=folder, cache_subdir="", file_hash=digest
        )
    except Exception as error:
        raise MissingInputError(
            f"The ImageNet weights of {application} are not on this machine and could not be "
            f"fetched: get {_ADDRESS}{address} where there is a network and put the file "
            f"into outputs/.weights/, or set weights to none."
        ) from error
    return folder / name


def _load_imagenet(model: keras.Model) -> str:
    application = describe(model.name).application
    if application is None:
        raise UsageError(
            f"There are no ImageNet weights for {model.name}; set weights to none, or choose an "
            "architecture such as resnet50 or vgg16_dense."
        )
    if application == PACKAGED:
        load_packaged(model)
        return "Training starts from the ImageNet weights of EfficientNet-Lite0."
    backbone = keras.Model(model.input, model.get_layer(SALIENCY_LAYER).output)
    backbone.load_weights(str(imagenet_file(application)))
    return f"Training starts from the ImageNet weights of {application}."


def _load_file(model: keras.Model, path: Path, shown: str) -> None:
    if _ending(path.name) == ".keras":
        _check_description(model, path, shown)
    try:
        with warnings.catch_warnings():
            # Keras only warns where a layer finds nothing in the file and stays random.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(str(path))
    except (ValueError, KeyError, OSError, UserWarning) as error:
        raise SuiteError(
            f"{shown} does not fit {model.name} with {model.output_shape[-1]} classes at "
            f"{model.input_shape[1]} pixels: it holds weights of another shape, or is damaged."
        ) from error


def _ending(name: str) -> str:
    """`.keras` or `.weights.h5`; anything else is refused."""
    for ending in (".keras", ".weights.h5"):
        if name.endswith(ending):
            return ending
    if name.endswith((".h5", ".hdf5")):
        raise SuiteError(
            f"{name} is a model in the old HDF5 format, which can hold code (Lambda layers) that "
            "would run on this machine; save it as .keras, or its arrays as .weights.h5."
        )
    raise SuiteError(f"{name} is no weights file; give a .keras or a .weights.h5 file.")


def _check_description(model: keras.Model, path: Path, shown: str) -> None:
    """Read the zip's description as plain JSON and refuse code and other networks."""
    try:
        with zipfile.ZipFile(path) as archive:
            description = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise SuiteError(f"{shown} is damaged or no Keras model; get the file again.") from error
    if "Lambda" in _class_names(description):
        raise SuiteError(
            f"{shown} has a Lambda layer, which is code of the file's author; such files are "
            "refused. Rebuild the network from named layers."
        )
    name = description.get("config", {}).get("name")
    if name != model.name:
        raise SuiteError(
            f"{shown} holds the network {name!r} and this run builds {model.name!r}; set "
            "architecture to the file's network."
        )


def _class_names(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["class_name"]} if isinstance(value.get("class_name"), str) else set()
        return own.union(*map(_class_names, value.values()))
    if isinstance(value, list):
        return set().union(*map(_class_names, value))
    return set()


def _keras_folder() -> Path:
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
