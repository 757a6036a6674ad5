"""The registry of networks: exact parameter counts, layer facts a count cannot see, two ends."""

import math

import numpy as np
import pytest

from helpers.core.errors import UsageError
from helpers.model.architectures import build, describe, names
from helpers.model.backend import keras

# name, classes, image size, all parameters, trainable parameters
COUNTS = [
    ("parallel_kernel_cnn", 2, 100, 2_426_018, 2_426_018),  # report A
    ("ten_conv_cnn", 3, 256, 1_869_127, 1_868_215),  # report C: 912 not trainable
    ("vgg16_dense", 3, 232, 21_138_243, 6_423_555),  # report D
    ("sigmoid_cnn", 2, 150, 8_777_089, 8_777_089),  # report E
    ("darkcovidnet", 2, 256, 1_167_654, 1_164_434),  # published as 1,164,434
    ("resnet50", 3, 224, 23_593_859, 6_147),
    ("resnet152", 3, 224, 58_377_091, 6_147),
    ("inception_v3", 3, 299, 21_808_931, 6_147),
    ("densenet121", 3, 224, 7_040_579, 6_956_931),
    ("xception", 3, 299, 20_867_627, 20_813_099),
    ("mobilenet_v3_small", 3, 224, 940_851, 928_739),
    ("efficientnet_lite0", 3, 256, 3_416_867, 3_280_243),
    ("stage_statistics", 3, 512, 3_002_771, 4_467),
]
HARD_LIMITS = ["parallel_kernel_cnn", "sigmoid_cnn"]  # the rest only get too small to be useful


def trainable(model: keras.Model) -> int:
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def kinds(model: keras.Model, *kept: str) -> list[str]:
    return [type(layer).__name__ for layer in model.layers if type(layer).__name__ in kept]


def of_kind(model: keras.Model, kind: type) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize(("name", "classes", "size", "total", "learned"), COUNTS)
def test_parameter_counts_are_exactly_the_reports(name, classes, size, total, learned):
    model = build(name, classes=classes, image_size=size)
    assert model.count_params() == total
    assert trainable(model) == learned


def test_every_registered_network_has_its_count_tested():
    assert {row[0] for row in COUNTS} | {"chest_net"} == set(names())


@pytest.mark.parametrize("name", ["parallel_kernel_cnn", "ten_conv_cnn", "darkcovidnet"])
def test_raw_8_bit_films_in_probabilities_out(name):
    model = build(name, classes=("COVID-19", "No finding", "Pneumonia"), image_size=64)
    films = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 1)).astype("float32")
    assert model.input_shape == (None, 64, 64, 1)
    probabilities = np.asarray(model(films))
    assert probabilities.shape == (2, 3)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert model.get_layer("saliency_features").output.shape[-1] >= 3


def test_networks_see_values_between_0_and_1():
    model = build("ten_conv_cnn", classes=3, image_size=64)
    inside = keras.Model(model.input, model.get_layer("to_unit").output)
    white = np.asarray(inside(np.full((1, 64, 64, 1), 255, "float32")))
    assert white.shape == (1, 64, 64, 3) and np.allclose(white, 1)


def test_a_has_three_parallel_kernels_then_valid_padding():
    model = build("parallel_kernel_cnn", classes=2, image_size=100)
    convolutions = of_kind(model, keras.layers.Conv2D)
    assert [c.kernel_size[0] for c in convolutions] == [3, 5, 7, 3, 3]
    assert [c.padding for c in convolutions] == ["same"] * 3 + ["valid"] * 2
    assert {c.activation.__name__ for c in convolutions} == {"relu"}
    assert model.get_layer("saliency_features").output.shape == (None, 23, 23, 32)
    assert [d.rate for d in of_kind(model, keras.layers.Dropout)] == [0.5] * 3


def test_c_pools_before_it_normalises_after_convolutions_1_2_5_and_8():
    model = build("ten_conv_cnn", classes=3, image_size=256)
    order = kinds(model, "Conv2D", "MaxPooling2D", "BatchNormalization")
    pooled = ["Conv2D", "MaxPooling2D", "BatchNormalization"]
    plain = ["Conv2D", "BatchNormalization"]
    assert order == 2 * pooled + 2 * plain + pooled + 2 * plain + pooled + 2 * plain
    assert {p.padding for p in of_kind(model, keras.layers.MaxPooling2D)} == {"same"}
    assert {c.padding for c in of_kind(model, keras.layers.Conv2D)} == {"same"}
    upto_flatten = keras.Model(model.input, model.get_layer("saliency_features").output)
    assert upto_flatten.count_params() == 220_224


def test_d_freezes_vgg_and_keeps_the_report_s_rescaling():
    model = build("vgg16_dense", classes=3, image_size=64)
    assert not any(c.trainable for c in of_kind(model, keras.layers.Conv2D))
    assert [d.units for d in of_kind(model, keras.layers.Dense)] == [256, 3]
    assert model.get_layer("to_unit").scale == pytest.approx(1 / 255)
    assert trainable(build("vgg16_dense", classes=3, image_size=64, frozen=False)) > 14_000_000


def test_e_is_a_sigmoid_shown_as_two_columns_so_argmax_means_something():
    model = build("sigmoid_cnn", classes=2, image_size=64)
    hidden, last = of_kind(model, keras.layers.Dense)
    assert (hidden.units, hidden.activation.__name__) == (32, "linear")
    assert last.units == 1 and model.output_shape == (None, 2)
    pooling = kinds(model, "Conv2D", "MaxPooling2D")
    assert pooling == ["Conv2D", "MaxPooling2D"] * 2 + ["Conv2D"] * 2
    films = np.zeros((1, 64, 64, 1), "float32")
    assert np.asarray(model(films)).sum() == pytest.approx(1)


def test_darkcovidnet_s_maps_grow_to_the_published_13_by_13():
    model = build("darkcovidnet", classes=3, image_size=256)
    assert model.get_layer("saliency_features").output.shape == (None, 13, 13, 3)
    assert len(of_kind(model, keras.layers.Conv2D)) == 17
    slopes = [layer.negative_slope for layer in of_kind(model, keras.layers.LeakyReLU)]
    assert slopes == [pytest.approx(0.1)] * 16


def test_efficientnet_lite_learns_no_statistics_and_none_of_its_first_blocks():
    model = build("efficientnet_lite0", classes=3, image_size=64)
    assert not any(n.trainable for n in of_kind(model, keras.layers.BatchNormalization))
    learned = [c.name for c in of_kind(model, keras.layers.Conv2D) if c.trainable]
    assert learned[0] == "blocks_5_expand_conv" and learned[-1] == "conv_head"
    everything = build("efficientnet_lite0", classes=3, image_size=64, frozen_blocks=0)
    assert trainable(everything) > trainable(model)


def test_stage_statistics_gives_a_head_the_mean_and_the_spread_of_744_filters():
    model = build("stage_statistics", classes=3, image_size=64)
    features = keras.Model(model.input, model.get_layer("logits").input)
    films = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 1)).astype("float32")
    found = np.asarray(features(films))
    assert found.shape == (2, 2 * 744) and (found[:, 744:] >= 0).all()
    last = np.asarray(keras.Model(model.input, model.get_layer("saliency_features").output)(films))
    assert found[:, 424:744] == pytest.approx(last.mean(axis=(1, 2)), abs=1e-4)
    assert found[:, -320:] == pytest.approx(last.std(axis=(1, 2)), abs=1e-4)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'darkcovidnet'"):
        build("dark_covid_net", classes=3, image_size=256)


def test_one_class_is_not_a_task():
    with pytest.raises(UsageError, match="at least two classes"):
        build("ten_conv_cnn", classes=["COVID-19"], image_size=256)


@pytest.mark.parametrize("name", names())
def test_the_smallest_film_builds_and_a_smaller_one_is_refused_with_the_size_to_set(name):
    smallest = describe(name).smallest
    features = build(name, classes=3, image_size=smallest).get_layer("saliency_features")
    assert min(features.output.shape[1:]) >= 1
    with pytest.raises(UsageError, match=f"set image_size to {smallest} or more"):
        build(name, classes=3, image_size=smallest - 1)


def test_e_learns_from_films_of_which_it_is_wrongly_certain():
    model = build("sigmoid_cnn", classes=2, image_size=64)
    last = of_kind(model, keras.layers.Dense)[-1]
    last.set_weights([np.zeros_like(last.get_weights()[0]), np.array([-40.0])])
    model.compile("sgd", "categorical_crossentropy")
    films = np.zeros((4, 64, 64, 1), "uint8")
    assert model.predict_on_batch(films)[:, 1] == pytest.approx(np.exp(-40.0), rel=1e-3)
    loss = model.train_on_batch(films, np.tile([0.0, 1.0], (4, 1)))
    assert float(loss) == pytest.approx(40) and last.get_weights()[1][0] > -40


@pytest.mark.parametrize("name", HARD_LIMITS)
def test_one_pixel_less_could_not_be_built_at_all(name):
    entry = describe(name)
    with pytest.raises(ValueError, match=r"(?i)negative|greater than 0|positive"):
        entry.builder(name, 3, entry.smallest - 1)


def test_a_saved_network_loads_in_safe_mode(tmp_path):
    model = build("sigmoid_cnn", classes=2, image_size=64)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    films = np.random.default_rng(1).uniform(0, 255, (2, 64, 64, 1)).astype("float32")
    assert np.allclose(np.asarray(again(films)), np.asarray(model(films)), atol=1e-6)
