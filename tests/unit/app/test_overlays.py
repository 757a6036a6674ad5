"""Window, level and overlay: grey where the network did not look, coloured where it did."""

import cv2
import numpy as np

from helpers.app.overlays import overlay, shrink, to_png, window_level

FILM = np.arange(256, dtype=np.uint8).reshape(16, 16)


def test_the_default_window_changes_nothing() -> None:
    assert np.abs(window_level(FILM).astype(int) - FILM).max() <= 1


def test_a_narrow_window_spreads_its_values_over_black_to_white() -> None:
    shown = window_level(FILM, level=100, window=50)
    assert shown[FILM == 75] == 0
    assert shown[FILM == 125] == 255
    assert abs(int(shown[FILM == 100][0]) - 128) <= 1


def test_colour_covers_in_proportion_to_the_map() -> None:
    saliency = np.zeros((4, 4))
    saliency[0, 0] = 1
    shown = overlay(np.full((64, 64), 120, np.uint8), saliency, opacity=1)
    assert shown.shape == (64, 64, 3)
    assert (shown[40:, 40:] == 120).all()
    assert np.ptp(shown[2, 2].astype(int)) > 60
    assert (overlay(FILM, saliency, opacity=0)[..., 0] == FILM).all()


def test_shrink_keeps_proportions_and_never_enlarges() -> None:
    assert shrink(np.zeros((100, 50), np.uint8), 20).shape == (20, 10)
    assert shrink(FILM, 20) is FILM


def test_png_bytes_give_the_picture_back_in_its_colours() -> None:
    picture = np.dstack([FILM, FILM // 2, 255 - FILM])
    back = cv2.imdecode(np.frombuffer(to_png(picture), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(back[..., ::-1], picture)
    assert np.array_equal(cv2.imdecode(np.frombuffer(to_png(FILM), np.uint8), -1), FILM)
