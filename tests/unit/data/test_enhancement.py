"""Each enhancement keeps size and type and does what its source says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.core.errors import UsageError
from helpers.data.enhancement import ENHANCEMENTS, enhance

DARK = np.clip(np.random.default_rng(0).normal(60, 25, (128, 128)), 0, 190).astype(np.uint8)


@settings(max_examples=60, deadline=None)
@given(
    pixels=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=8, max_side=40)),
    method=st.sampled_from(sorted(ENHANCEMENTS)),
)
def test_any_film_keeps_its_size_and_the_original_is_untouched(pixels, method) -> None:
    before = pixels.copy()
    enhanced = enhance(pixels, method)
    assert enhanced.shape == pixels.shape
    assert enhanced.dtype == np.uint8
    assert not np.shares_memory(enhanced, pixels)
    assert np.array_equal(pixels, before)


def test_none_changes_nothing_and_complement_twice_is_none() -> None:
    assert np.array_equal(enhance(DARK, "none"), DARK)
    assert np.array_equal(enhance(enhance(DARK, "complement"), "complement"), DARK)


def test_gamma_opens_the_dark_parts_and_keeps_black_and_white() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    opened = enhance(grey, "gamma")
    assert (opened.ravel()[0], opened.ravel()[-1]) == (0, 255)
    assert (opened[grey == 64] > 64).all()
    assert (np.diff(opened.ravel().astype(int)) >= 0).all()


def test_histogram_equalization_flattens_the_histogram() -> None:
    quartiles = np.percentile(enhance(DARK, "histogram_equalization"), [25, 50, 75])
    assert np.abs(quartiles - [64, 128, 191]).max() < 8


def test_clahe_raises_local_contrast() -> None:
    assert enhance(DARK, "clahe").std() > DARK.std()


def test_balance_contrast_reaches_full_range_and_its_target_mean() -> None:
    balanced = enhance(DARK, "balance_contrast")
    assert (balanced.min(), balanced.max()) == (0, 255)
    assert balanced.mean() == pytest.approx(110, abs=1)


def test_balance_contrast_is_a_line_where_the_mean_is_right_already() -> None:
    levels = np.array([0] * 145 + [255] * 110, np.uint8).reshape(15, 17)
    assert np.array_equal(enhance(levels, "balance_contrast"), levels)


def test_a_film_of_one_value_survives_every_method() -> None:
    for method in ENHANCEMENTS:
        assert np.ptp(enhance(np.full((32, 32), 90, np.uint8), method)) == 0


def test_a_mistyped_name_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="clahe"):
        enhance(DARK, "clahee")
