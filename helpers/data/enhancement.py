"""Contrast enhancement of films: the methods Rahman and others (2021) compared for COVID-19.

Each takes uint8 (H, W) and returns a new uint8 (H, W). Source of the comparison: T. Rahman and
others, "Exploring the effect of image enhancement techniques on COVID-19 detection using chest
X-ray images", Computers in Biology and Medicine 132 (2021) 104319.
"""

import difflib
from collections.abc import Callable

import cv2
import numpy as np

from helpers.core.errors import UsageError

CLAHE_CLIP, CLAHE_TILES = 2.0, (8, 8)
GAMMA = 0.7  # below 1: opens the dark lungs
BALANCED_MEAN = 110.0  # the output mean Guo's paper advises


def none(pixels: np.ndarray) -> np.ndarray:
    """The film as it is."""
    return pixels.copy()


def histogram_equalization(pixels: np.ndarray) -> np.ndarray:
    """Spread the grey values so that each is about equally frequent."""
    return cv2.equalizeHist(pixels)


def clahe(pixels: np.ndarray) -> np.ndarray:
    """Equalise in 8 x 8 tiles with limited contrast (Zuiderveld 1994)."""
    return cv2.createCLAHE(CLAHE_CLIP, CLAHE_TILES).apply(pixels)


def gamma(pixels: np.ndarray) -> np.ndarray:
    """Raise values in 0..1 to the power GAMMA."""
    table = np.rint(255 * (np.arange(256) / 255) ** GAMMA).astype(np.uint8)
    return table[pixels]


def complement(pixels: np.ndarray) -> np.ndarray:
    """The negative: bones black."""
    return 255 - pixels


def balance_contrast(pixels: np.ndarray) -> np.ndarray:
    """Stretch along a parabola to range 0..255 and mean 110 (balance contrast enhancement, BCET).

    Source: L. J. Guo, "Balance contrast enhancement technique and its application in image colour
    composition", International Journal of Remote Sensing 12 (1991) 2133-2151. y = a (x - b)^2 + c
    with the three unknowns fixed by the film's least, mean and greatest value. A film of one value
    is returned as it is.
    """
    low, high = float(pixels.min()), float(pixels.max())
    if low == high:
        return pixels.copy()
    mean, mean_square = float(pixels.mean()), float(np.square(pixels, dtype=np.float64).mean())
    target = BALANCED_MEAN
    grey = np.arange(256, dtype=np.float64)
    numerator = high**2 * target - mean_square * 255 + low**2 * (255 - target)
    denominator = 2 * (high * target - mean * 255 + low * (255 - target))
    vertex = numerator / denominator if abs(denominator) > 1e-9 else np.inf
    if np.isinf(vertex) or abs(high + low - 2 * vertex) < 1e-9:
        # The mean is right already, or two values alone leave no choice: the parabola is a line.
        table = (grey - low) * 255 / (high - low)
    else:
        steepness = 255 / ((high - low) * (high + low - 2 * vertex))
        table = steepness * ((grey - vertex) ** 2 - (low - vertex) ** 2)
    return np.rint(np.clip(table, 0, 255)).astype(np.uint8)[pixels]


ENHANCEMENTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    method.__name__: method
    for method in (none, histogram_equalization, clahe, gamma, complement, balance_contrast)
}


def enhance(pixels: np.ndarray, method: str) -> np.ndarray:
    """Apply a method by name to uint8 (H, W); UsageError names the nearest one for a wrong name."""
    if method not in ENHANCEMENTS:
        nearest = difflib.get_close_matches(method, ENHANCEMENTS, n=1, cutoff=0)[0]
        raise UsageError(f"There is no enhancement '{method}': perhaps '{nearest}' was meant.")
    return ENHANCEMENTS[method](pixels)
