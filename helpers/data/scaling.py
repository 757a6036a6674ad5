"""Limits on what is decoded, and the one rule from deep pixel values to 8 bits."""

import numpy as np

from helpers.data.remarks import Remark, UnreadableFilmError

MAX_BYTES = 200 * 2**20  # the largest detectors give 60 MB uncompressed
MAX_PIXELS = 50_000_000  # and 20 million pixels; a scanned film 30 million
DEPTHS = (8, 10, 12, 14, 16)


def check_bytes(count: int) -> None:
    """Raise UnreadableFilmError for an empty file or one of more than MAX_BYTES bytes."""
    if not count:
        raise UnreadableFilmError("empty_file")
    if count > MAX_BYTES:
        raise UnreadableFilmError(
            "too_many_bytes", megabytes=-(-count // 2**20), limit=MAX_BYTES // 2**20
        )


def check_pixels(width: int, height: int) -> None:
    """Raise UnreadableFilmError for a header that claims more than MAX_PIXELS pixels."""
    if width * height > MAX_PIXELS:
        raise UnreadableFilmError(
            "too_many_pixels", width=width, height=height, limit=MAX_PIXELS // 10**6
        )


def scale_deep_values(values: np.ndarray) -> tuple[np.ndarray, list[Remark]]:
    """Scale unsigned values of up to 16 bits to uint8, and say by which depth.

    The depth is the smallest of DEPTHS that holds the brightest value: many devices store 12 bits
    in 16, and a division by 65,535 would turn such a film black.
    """
    brightest = int(values.max())
    bits = next(depth for depth in DEPTHS if brightest < 2**depth)
    scaled = np.rint(values * (255 / (2**bits - 1))).astype(np.uint8)
    return scaled, [Remark("deep", bits=bits)]
