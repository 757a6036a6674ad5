"""The one path from a file's bytes to a grey film, for training, evaluation, panel and server.

The rules, in one place:

- **Grey:** 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), which is also the Y that a JPEG stores.
- **More than 8 bits:** values are scaled by the smallest usual depth (8, 10, 12, 14 or 16 bits)
  that holds the film's brightest value, so a 12-bit film stored in 16 bits does not turn black.
- **Transparency:** laid over black, the colour around a film on a light box.
- **Orientation:** the EXIF tag is obeyed.
- **Limits:** bytes, and pixels as the header claims them, are checked before anything is decoded.
- **Square:** models read squares. Like the five systems this suite follows, the whole film is
  squeezed to the square; nothing is cut off, so the proportions change a little.
"""

from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np

from helpers.data.enhancement import enhance
from helpers.data.pictures import decode_picture
from helpers.data.remarks import Remark, UnreadableFilmError
from helpers.data.scaling import check_bytes

__all__ = [
    "DecodedFilm",
    "UnreadableFilmError",
    "decode_film",
    "is_dicom",
    "prepare_film",
    "resize_film",
]


class DecodedFilm(NamedTuple):
    """One film.

    pixels: uint8 (height, width), 0 black to 255 white.
    width, height: of the upright film, in pixels.
    notes: what was done on the way, one sentence (a `Remark`) each.
    tags: of a DICOM file, the few tags that name nobody (view, modality, ...); otherwise empty.
    """

    pixels: np.ndarray
    width: int
    height: int
    notes: tuple[str, ...]
    tags: Mapping[str, str] = {}


def decode_film(data: bytes | memoryview) -> DecodedFilm:
    """Decode one film.

    data: the bytes of a JPEG, PNG, TIFF, BMP, WebP, still GIF or DICOM file.
    Raises UnreadableFilmError, and nothing else, when no film can be had from them.
    """
    check_bytes(len(data))
    pixels, notes, tags = _decode_dicom(data) if is_dicom(data) else (*decode_picture(data), {})
    height, width = pixels.shape
    return DecodedFilm(pixels, width, height, tuple(notes), tags)


def is_dicom(data: bytes | memoryview) -> bool:
    """Whether the bytes carry DICOM's mark after its preamble (PS3.10, 7.1)."""
    return bytes(data[128:132]) == b"DICM"


def _decode_dicom(data: bytes | memoryview) -> tuple[np.ndarray, list[Remark], dict[str, str]]:
    # Loaded when the first DICOM file comes: 40 MB and half of the predictor's start otherwise.
    from helpers.data.dicom import decode_dicom

    return decode_dicom(data)


def resize_film(pixels: np.ndarray, size: int) -> np.ndarray:
    """Squeeze a whole film, uint8 (H, W), into a square, uint8 (size, size)."""
    if pixels.shape == (size, size):
        return pixels
    way = cv2.INTER_AREA if min(pixels.shape) >= size else cv2.INTER_CUBIC
    return cv2.resize(pixels, (size, size), interpolation=way)


def prepare_film(pixels: np.ndarray, image_size: int, enhancement: str = "none") -> np.ndarray:
    """Make of a film, uint8 (H, W), what a model reads: uint8 (image_size, image_size).

    Enhancement comes after the resize, so that it works on the values the model will see.
    """
    return enhance(resize_film(pixels, image_size), enhancement)
