"""The light model: one pass, the Keras model's probabilities, TensorFlow's Grad-CAM."""

import json

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from helpers.core.errors import SuiteError
from helpers.model.architectures import build
from helpers.model.backend import keras, tf
from helpers.model.heads import fit_head, load_head
from helpers.model.inference import deep_features
from helpers.model.light import convert, export_light

CLASSES = ["COVID-19", "No finding", "Pneumonia"]
CASES = [
    ("parallel_kernel_cnn", 3),
    ("ten_conv_cnn", 3),
    ("sigmoid_cnn", 2),
    ("sigmoid_cnn", 3),
    ("darkcovidnet", 3),
    ("chest_net", 3),
    ("mobilenet_v3_small", 3),
    ("efficientnet_lite0", 3),
    ("vgg16_dense", 3),
]
LARGE = ["resnet50", "resnet152", "inception_v3", "densenet121", "xception"]


@pytest.fixture(autouse=True)
def start():
    """The same random kernels whatever ran before; with some, a map is zero everywhere."""
    keras.utils.set_random_seed(2)


def films(count: int, size: int = 64) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, size, size, 1)).astype("float32")


def awake(model: keras.Model) -> keras.Model:
    """Random biases and statistics, so that no layer is an identity by its start values."""
    generator = np.random.default_rng(7)
    for weight in model.weights:
        if weight.name in ("bias", "moving_mean", "beta"):
            weight.assign(generator.normal(0, 0.1, weight.shape))
    return model


def light(content: bytes):
    interpreter = Interpreter(model_content=content, num_threads=1)
    return interpreter, interpreter.get_signature_runner()


def grad_cam(model: keras.Model, batch: np.ndarray) -> np.ndarray:
    """TensorFlow's own: automatic gradient of each class's logit."""
    features, logits = (model.get_layer(n).output for n in ("saliency_features", "logits"))
    view, maps = keras.Model(model.input, [features, logits]), []
    for code in range(model.output_shape[-1]):
        with tf.GradientTape() as tape:
            a, z = view(batch, training=False)
            score = z[:, code] if z.shape[1] > 1 else (2 * code - 1) * z[:, 0]
        alpha = tf.reduce_mean(tape.gradient(score, a), axis=(1, 2), keepdims=True)
        maps.append(tf.nn.relu(tf.reduce_sum(alpha * a, axis=-1)))
    return np.stack(maps, axis=-1)


def assert_same(model: keras.Model, size: int, tolerance: float = 1e-6) -> None:
    _, run = light(convert(model)[0])
    batch = films(3, size)
    answer = run(films=batch)
    assert np.abs(answer["probabilities"] - model(batch, training=False)).max() < 1e-4
    expected = grad_cam(model, batch)
    assert answer["saliency"].shape == expected.shape
    assert expected.max() > 0
    assert np.abs(answer["saliency"] - expected).max() / max(1, expected.max()) < tolerance


@pytest.mark.parametrize(("name", "classes"), CASES)
def test_probabilities_and_maps_are_those_of_tensorflow(name, classes):
    assert_same(awake(build(name, classes=classes, image_size=64)), 64)


@pytest.mark.prove
@pytest.mark.parametrize("name", LARGE)
def test_large_networks_too(name):
    # Rounding adds up over 50 to 150 layers before the map is read.
    assert_same(awake(build(name, classes=3, image_size=96)), 96, tolerance=2e-5)


def test_only_operations_built_into_litert():
    interpreter, _ = light(convert(build("parallel_kernel_cnn", classes=3, image_size=64))[0])
    assert not [
        op["op_name"]
        for op in interpreter._get_ops_details()
        if op["op_name"].upper().startswith(("FLEX", "CUSTOM"))
    ]


def test_any_number_of_films_in_one_call_gives_each_film_its_own_answer():
    _, run = light(convert(awake(build("ten_conv_cnn", classes=3, image_size=64)))[0])
    batch = films(5)
    together = run(films=batch)
    alone = [run(films=batch[i : i + 1]) for i in range(5)]
    for name in ("probabilities", "saliency"):
        separate = np.concatenate([answer[name] for answer in alone])
        assert np.allclose(together[name], separate, atol=1e-5)


def test_the_map_costs_no_second_copy_of_the_weights():
    model = build("parallel_kernel_cnn", classes=2, image_size=100)
    assert len(convert(model)[0]) < 1.05 * 4 * model.count_params()


def test_the_folder_says_what_the_model_needs(tmp_path):
    model = build("ten_conv_cnn", classes=CLASSES, image_size=32)
    written = export_light(model, tmp_path / "model", CLASSES, {"enhancement": "clahe"})
    assert written.saliency and written.size_bytes == written.path.stat().st_size
    assert json.loads((tmp_path / "model/labels.json").read_text()) == CLASSES
    facts = json.loads((tmp_path / "model/preprocessing.json").read_text())
    assert facts == {
        "enhancement": "clahe",
        "image_size": 32,
        "classes": CLASSES,
        "architecture": "ten_conv_cnn",
        "saliency": True,
    }


def test_a_network_with_another_end_is_written_without_maps_and_says_so(tmp_path):
    inputs = keras.Input((16, 16, 1), name="films")
    x = keras.layers.Flatten()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x), name="stranger")
    written = export_light(model, tmp_path, CLASSES, {})
    assert not written.saliency
    assert json.loads((tmp_path / "preprocessing.json").read_text())["saliency"] is False
    assert set(light(written.path.read_bytes())[1](films=films(1, 16))) == {"probabilities"}


def test_a_model_trained_in_half_precision_becomes_single_precision():
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = build("ten_conv_cnn", classes=3, image_size=32)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    interpreter, run = light(convert(model)[0])
    kinds = {np.dtype(tensor["dtype"]) for tensor in interpreter.get_tensor_details()}
    assert np.dtype("float16") not in kinds
    batch = films(2, 32)
    assert np.allclose(run(films=batch)["probabilities"], model(batch), atol=5e-3)


def test_a_head_goes_beside_the_model_which_gives_its_features(tmp_path):
    model = build("ten_conv_cnn", classes=3, image_size=32)
    batch = films(12, 32)
    features = deep_features(model, batch[..., 0])
    head = fit_head("decision_tree", features, np.arange(12) % 3, seed=0)
    written = export_light(model, tmp_path, CLASSES, {}, head=head)
    assert not written.saliency
    answer = light(written.path.read_bytes())[1](films=batch)
    assert set(answer) == {"features", "probabilities"}
    assert np.allclose(answer["features"], features, atol=1e-4)
    again = load_head(tmp_path / "head.skops")
    assert np.array_equal(again.predict(features), head.predict(features))
    export_light(model, tmp_path, CLASSES, {})
    assert not (tmp_path / "head.skops").exists()


def test_class_names_must_fit_the_network(tmp_path):
    model = build("ten_conv_cnn", classes=3, image_size=32)
    with pytest.raises(SuiteError, match="3 outputs and 2 class names"):
        export_light(model, tmp_path, CLASSES[:2], {})
    assert not list(tmp_path.iterdir())
