"""Maps show where a network looks: equal through Keras and the light model, and judged by masks."""

import numpy as np
import pytest

from helpers.core.errors import SuiteError
from helpers.model.explain import (
    GradCam,
    enlarge,
    grad_cam,
    occlusion,
    peaks,
    peaks_inside,
    saliency_in_mask,
)

SIZE = 32


def bright_spot(films: np.ndarray) -> np.ndarray:
    """A "network" that answers with the brightness of rows 8 to 15, columns 16 to 23."""
    share = films[:, 8:16, 16:24].mean(axis=(1, 2)) / 255
    return np.stack([share, 1 - share], axis=1)


def test_occlusion_finds_what_a_prediction_hangs_on() -> None:
    film = np.full((SIZE, SIZE), 20, np.uint8)
    film[8:16, 16:24] = 250
    found = occlusion(bright_spot, film, patch=1 / 4)
    assert found.shape == (SIZE, SIZE, 2)
    row, column = np.unravel_index(found[..., 0].argmax(), (SIZE, SIZE))
    assert 8 <= row < 16
    assert 16 <= column < 24
    assert np.allclose(found[..., 0], -found[..., 1], atol=1e-6)
    assert np.abs(found[24:, :8]).max() < 1e-6


def test_occlusion_covers_every_pixel_in_batches_of_any_size() -> None:
    film = np.random.default_rng(0).integers(0, 255, (30, 30), dtype=np.uint8)
    whole = occlusion(bright_spot, film, patch=0.23)
    assert np.isfinite(whole).all()
    assert np.allclose(whole, occlusion(bright_spot, film, patch=0.23, batch=7))


def test_share_and_peak_inside_a_mask() -> None:
    saliency = np.zeros((2, 4, 4), np.float32)
    saliency[:, 1, 2] = 1
    masks = np.zeros((2, SIZE, SIZE), bool)
    masks[0, 4:20, 12:28] = True
    masks[1, 24:, :8] = True
    assert saliency_in_mask(saliency, masks)[0] > 0.9
    assert saliency_in_mask(saliency, masks)[1] == 0
    assert peaks_inside(saliency, masks).tolist() == [True, False]
    assert np.abs(peaks(saliency, SIZE)[0] - [11.5, 19.5]).max() <= 1


def test_no_mask_or_no_saliency_is_undefined_never_zero() -> None:
    saliency = np.stack([np.ones((4, 4)), np.zeros((4, 4))]).astype(np.float32)
    masks = np.zeros((2, SIZE, SIZE), np.uint8)
    masks[1, :8] = 1
    assert np.isnan(saliency_in_mask(saliency, masks)).all()


def test_masks_of_other_films_are_refused() -> None:
    with pytest.raises(SuiteError, match="do not fit"):
        saliency_in_mask(np.ones((2, 4, 4)), np.ones((3, SIZE, SIZE)))


def test_enlarging_adds_no_new_peaks() -> None:
    maps = np.random.default_rng(0).random((3, 5, 5)).astype(np.float32)
    assert enlarge(maps, 64).max() <= maps.max()


@pytest.fixture(scope="module")
def films() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (3, 64, 64), dtype=np.uint8)


@pytest.mark.parametrize("name", ["parallel_kernel_cnn", "ten_conv_cnn"])
def test_the_light_model_gives_the_map_that_keras_gives(name, films, tmp_path) -> None:
    from helpers.model.architectures import build
    from helpers.model.engines import LightEngine
    from helpers.model.light import export_light

    model = build(name, classes=3, image_size=64)
    export_light(model, tmp_path, ["a", "b", "c"], {})
    raw = films.astype(np.float32)[..., None]
    probabilities, maps = LightEngine(tmp_path / "model.tflite")(raw)
    expected, truth = GradCam(model)(films)
    assert np.allclose(probabilities, expected, atol=1e-5)
    assert np.allclose(maps, truth, atol=1e-5 * max(1.0, float(truth.max())))


def all_architectures() -> list[str]:
    from helpers.model.architectures import names

    return list(names())


@pytest.mark.prove
def test_every_architecture_has_both_kinds_of_map() -> None:
    from helpers.model.architectures import build

    for name in all_architectures():
        size = 96
        film = np.random.default_rng(2).integers(0, 255, (1, size, size), dtype=np.uint8)
        model = build(name, classes=3, image_size=size)
        maps = grad_cam(model, film)
        assert maps.shape[0] == 1, name
        assert maps.shape[-1] == 3, name
        assert np.isfinite(maps).all(), name
        assert (maps >= 0).all(), name
        predict = lambda shown, model=model: np.asarray(  # noqa: E731
            model(shown.astype(np.float32)[..., None], training=False)
        )
        assert occlusion(predict, film[0], patch=1 / 2).shape == (size, size, 3), name


@pytest.mark.prove
def test_a_trained_network_points_at_the_opacity() -> None:
    """A smaller network than the benchmark's; by chance one peak in eight would lie inside."""
    from helpers.data.phantoms import CLASSES, generate_collection
    from helpers.model.architectures import build
    from helpers.model.backend import keras

    made = list(generate_collection(900, seed=77, size=64, frontal_only=True))
    images = np.stack([film.pixels for film in made])
    codes = np.array([CLASSES.index(film.label) for film in made])
    keras.utils.set_random_seed(0)
    model = build("chest_net", classes=3, image_size=64, widths=(16, 32, 64))
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    model.fit(images[:720, ..., None].astype(np.float32), codes[:720], epochs=20, verbose=0)
    probabilities, maps = GradCam(model)(images[720:])
    opacities = np.stack([film.opacity_mask for film in made[720:]])
    right = (probabilities.argmax(1) == codes[720:]) & opacities.any(axis=(1, 2))
    assert right.sum() > 40
    shown = maps[right, ..., codes[720:][right]]
    assert peaks_inside(shown, opacities[right]).mean() > 0.5
