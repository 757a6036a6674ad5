"""Half precision is used where the machine gains by it, and never in what a network gives out."""

import numpy as np
import pytest

from helpers.core.errors import SuiteError
from helpers.model import backend
from helpers.model.architectures import build
from helpers.model.backend import GPUS, keras, need_tensorflow, prepare_device

HALF = {"gpu": {"mixed_float16"}, "cpu": {"mixed_bfloat16", "float32"}}


@pytest.fixture(autouse=True)
def afterwards_as_before():
    yield
    keras.mixed_precision.set_global_policy("float32")


def test_full_precision_unless_asked():
    assert prepare_device(0).precision == "float32"
    assert keras.mixed_precision.global_policy().name == "float32"


def test_half_precision_as_the_machine_has_it():
    device = prepare_device(0, mixed=True)
    assert device.kind == ("gpu" if GPUS else "cpu")
    assert device.precision in HALF[device.kind]
    assert keras.mixed_precision.global_policy().name == device.precision


def test_probabilities_stay_single_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = build("ten_conv_cnn", classes=3, image_size=32)
    assert model.layers[5].compute_dtype == "bfloat16"
    probabilities = np.asarray(model(np.zeros((2, 32, 32, 1), "float32")))
    assert probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_what_needs_tensorflow_says_so_on_another_backend(monkeypatch):
    need_tensorflow("Logs are written with")
    monkeypatch.setattr(backend, "ON_TENSORFLOW", False)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(SuiteError, match="Logs are written with TensorFlow, but KERAS_BACKEND is"):
        need_tensorflow("Logs are written with")
