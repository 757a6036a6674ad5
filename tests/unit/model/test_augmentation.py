"""Augmentation: within its limits, exact where the change is known, 8-bit throughout."""

import numpy as np
import pytest

from helpers.model.augmentation import Augmentation, Draws, augment, blend, draw
from tests.unit.model.small_films import small_settings


def film(size: int = 33) -> np.ndarray:
    pixels = np.zeros((1, size, size), np.uint8)
    pixels[0, 4:9, 6:20] = 200
    return pixels


def exactly(**changes) -> Draws:
    """Draws of one film that change nothing but what is named."""
    values = {
        "matrices": np.array([[[1.0, 0, 0], [0, 1, 0]]]),
        "gain": np.ones(1),
        "offset": np.zeros(1),
        "share": np.ones(1),
    }
    return Draws(**(values | changes))


def moved(matrix) -> np.ndarray:
    draws = exactly(matrices=np.array([matrix], float))
    return augment(film(), draws, slice(0, 1), Augmentation(rotation=1))


def test_no_augmentation_changes_nothing():
    plan = Augmentation.of(small_settings())
    assert not plan.moves
    draws = draw(plan, 1, np.random.default_rng(0))
    assert np.array_equal(augment(film(), draws, slice(0, 1), plan), film())


def test_parameters_reach_the_plan():
    plan = Augmentation.of(small_settings(augment_zoom=0.2, augment_flip=True, mixup=0.3))
    assert plan == Augmentation(flip=True, zoom=0.2, mixup=0.3)


def test_a_mirror_image_is_exact():
    assert np.array_equal(moved([[-1, 0, 0], [0, 1, 0]]), film()[:, :, ::-1])


def test_a_half_turn_is_exact():
    assert np.array_equal(moved([[-1, 0, 0], [0, -1, 0]]), film()[:, ::-1, ::-1])


def test_a_shift_by_a_third_of_the_side_moves_eleven_pixels_and_brings_in_black():
    shifted = moved([[1, 0, 1 / 3], [0, 1, 0]])
    assert np.array_equal(shifted[0, :, :22], film()[0, :, 11:])
    assert not shifted[0, :, 22:].any()


def test_half_of_the_films_are_mirrored():
    plan = Augmentation(flip=True)
    draws = draw(plan, 1000, np.random.default_rng(0))
    assert 430 < (draws.matrices[:, 0, 0] < 0).sum() < 570


def test_draws_stay_within_the_limits_asked_for():
    plan = Augmentation(rotation=10, shift=0.1, zoom=0.2, brightness=0.3)
    draws = draw(plan, 500, np.random.default_rng(0))
    scale = np.sqrt(np.abs(np.linalg.det(draws.matrices[:, :, :2])))
    angle = np.degrees(np.arctan2(draws.matrices[:, 1, 0], draws.matrices[:, 0, 0]))
    assert scale.min() >= 0.8 and scale.max() <= 1.2
    assert np.abs(angle).max() <= 10 and np.abs(draws.matrices[:, :, 2]).max() <= 0.1
    assert np.abs(draws.gain - 1).max() <= 0.3


def test_brightness_is_clipped_not_wrapped():
    draws = exactly(gain=np.array([2.0]), offset=np.array([50.0]))
    changed = augment(film(), draws, slice(0, 1), Augmentation(brightness=0.5))
    assert set(np.unique(changed)) == {50, 255}


def test_mixup_blends_films_and_labels_in_the_same_share():
    plan = Augmentation(mixup=0.5)
    films = np.stack([np.full((4, 4), value, np.uint8) for value in (0, 100, 200)])
    draws = draw(plan, 3, np.random.default_rng(0))
    mixed = augment(films, draws, slice(0, 3), plan)
    labels = blend(np.eye(3, dtype=np.float32), draws, slice(0, 3), plan)
    assert labels.sum(axis=1) == pytest.approx(1)
    assert (np.diag(labels) >= 0.5).all()
    assert mixed[:, 0, 0] == pytest.approx(labels @ [0, 100, 200], abs=1)


def test_the_films_given_are_left_alone():
    plan, films = Augmentation(flip=True, brightness=0.2, mixup=0.5), film().repeat(4, axis=0)
    augment(films, draw(plan, 4, np.random.default_rng(1)), slice(0, 4), plan)
    assert np.array_equal(films, film().repeat(4, axis=0))
