"""Ordinary picture files (JPEG, PNG, TIFF, BMP, WebP, still GIF) to grey pixels.

Pillow reads the header, decodes, and is the judge of whether the file is whole. OpenCV lends the
lower 8 bits of 16-bit colour pictures, which Pillow drops, and speed where a file is plain and
whole (`png`). The rules stand in `images`.
"""

import io
import warnings

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from helpers.data.png import decode_plain_grey
from helpers.data.remarks import Remark, UnreadableFilmError
from helpers.data.scaling import check_pixels, scale_deep_values

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF")
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG", b"II*\x00", b"MM\x00*", b"GIF8")
ORIENTATION_TAG = 0x0112
PHOTOMETRIC_TAG = 262  # TIFF: 0 means that white is stored as zero
BITS_TAG = 258  # TIFF: bits of each sample
LUMA_BGR = np.array([0.114, 0.587, 0.299], np.float32)  # OpenCV's order of colours

# How to turn pixels upright, by the value of the EXIF tag (1 is upright already).
TURNS = {
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels.T, 2),
    8: np.rot90,
}

# Our own limits refuse such files; Pillow's advice on them would only be noise in a notebook.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def decode_picture(data: bytes | memoryview) -> tuple[np.ndarray, list[Remark]]:
    """Decode a picture file to uint8 (H, W) and say what was done; UnreadableFilmError if not."""
    try:
        return _decode(data)
    except UnreadableFilmError:
        raise
    except UnidentifiedImageError as error:
        known = bytes(data[:4]).startswith(BEGINNINGS)
        raise UnreadableFilmError("damaged" if known else "not_a_picture") from error
    except Exception as error:  # decoders answer hostile bytes with any exception at all
        code = "truncated" if "truncated" in str(error).lower() else "damaged"
        raise UnreadableFilmError(code) from error


def _decode(data: bytes | memoryview) -> tuple[np.ndarray, list[Remark]]:
    image = Image.open(io.BytesIO(data), formats=FORMATS)  # the header only
    check_pixels(*image.size)
    notes = _refuse_stacks(image)
    plain = decode_plain_grey(data)
    if plain is not None:
        return plain, notes
    # Both are read before the pixels, which drop the tags; a PNG's EXIF comes with its pixels.
    deep_colour = _is_deep_colour(image)
    orientation = image.getexif().get(ORIENTATION_TAG)
    image.draft("L", None)  # a JPEG then yields its own Y and skips the way over colours
    image.load()
    pixels, remarks = _deep_colour(data) if deep_colour else _grey(image)
    if orientation in TURNS:
        remarks.append(Remark("turned"))
        if image.format != "TIFF" or deep_colour:
            pixels = np.ascontiguousarray(TURNS[orientation](pixels))
    return pixels, notes + remarks


def _refuse_stacks(image: Image.Image) -> list[Remark]:
    """Refuse animations and stacks; a telephone's JPEG with extra previews is one picture."""
    if not getattr(image, "is_animated", False):
        return []
    if image.format == "MPO":
        return [Remark("first_picture")]
    raise UnreadableFilmError("several_pictures")


def _grey(image: Image.Image) -> tuple[np.ndarray, list[Remark]]:
    """A decoded picture as uint8 (H, W) and what was done for it."""
    if image.mode.startswith("I;16"):
        return _deep_grey(image)
    if image.mode in ("I", "F"):
        raise UnreadableFilmError("unknown_depth", mode="32-bit numbers")
    if image.mode == "L" and not image.has_transparency_data:
        return np.array(image), []
    notes = []
    if image.has_transparency_data:
        image, notes = _over_black(image.convert("RGBA"))
    if image.mode not in ("L", "1"):
        image = image.convert("RGB")
        notes.append(Remark("colour"))
    return np.array(image.convert("L")), notes


def _over_black(image: Image.Image) -> tuple[Image.Image, list[Remark]]:
    """Lay an RGBA picture over black."""
    if image.getextrema()[3][0] == 255:
        return image, []
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, image), [Remark("blended")]


def _deep_grey(image: Image.Image) -> tuple[np.ndarray, list[Remark]]:
    values = np.asarray(image).astype(np.uint16)
    if image.format == "TIFF" and image.tag_v2.get(PHOTOMETRIC_TAG) == 0:
        values = np.invert(values)  # Pillow turns 8-bit negatives upright, not these
    return scale_deep_values(values)


def _is_deep_colour(image: Image.Image) -> bool:
    """Whether a picture not yet loaded has colours (or transparency) of 16 bits."""
    if image.mode not in ("RGB", "RGBA", "LA"):
        return False
    if image.format == "TIFF":
        return max(image.tag_v2.get(BITS_TAG, (8,))) == 16
    return image.format == "PNG" and str(image.tile[0].args).endswith("16B")


def _deep_colour(data: bytes | memoryview) -> tuple[np.ndarray, list[Remark]]:
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    colours = cv2.imdecode(np.frombuffer(data, np.uint8), flags).astype(np.float32)
    notes = [Remark("colour")]
    values = colours[..., :3] @ LUMA_BGR
    if colours.shape[2] == 4 and colours[..., 3].min() < 65535:
        values *= colours[..., 3] / 65535
        notes.append(Remark("blended"))
    pixels, remarks = scale_deep_values(np.rint(values))
    return pixels, notes + remarks
