"""Plain grey PNG files by OpenCV: the pixels Pillow gives, and hands off all that is not plain."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from helpers.data.pictures import decode_picture
from helpers.data.png import SIGNATURE, decode_plain_grey

HEIGHT, WIDTH = 50, 40
PIXELS = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
ROWS = b"".join(b"\0" + row.tobytes() for row in PIXELS)


def chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def png(stream: bytes, *more: bytes, kind: tuple[int, ...] = (8, 0, 0, 0, 0)) -> bytes:
    header = chunk(b"IHDR", struct.pack(">2I5B", WIDTH, HEIGHT, *kind))
    return SIGNATURE + header + b"".join(more) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


def saved(image: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def with_pillow(data: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_a_plain_file_gives_the_pixels_that_pillow_gives(level: int) -> None:
    for data in (
        saved(Image.fromarray(PIXELS), compress_level=level),
        cv2.imencode(".png", PIXELS, [cv2.IMWRITE_PNG_COMPRESSION, level])[1].tobytes(),
        png(zlib.compress(ROWS, level), chunk(b"tEXt", b"date\x00today")) + b"what follows",
    ):
        found = decode_plain_grey(data)
        assert found is not None and found.dtype == np.uint8
        assert np.array_equal(found, PIXELS) and np.array_equal(found, with_pillow(data))


def old_exif() -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n       0\n")
    return text


GREY = Image.fromarray(PIXELS)
EXIF = Image.Exif()
EXIF[0x0112] = 6


NOT_PLAIN = {
    "colour": saved(GREY.convert("RGB")),
    "alpha": saved(GREY.convert("LA")),
    "palette": saved(GREY.convert("P")),
    "one bit": saved(GREY.convert("1")),
    "deep": saved(Image.fromarray(PIXELS.astype(np.uint16) * 257)),
    "transparency": saved(GREY, transparency=7),
    "EXIF": saved(GREY, exif=EXIF),
    "old EXIF": saved(GREY, pnginfo=old_exif()),
    "animation": saved(GREY, save_all=True, append_images=[GREY.rotate(180)]),
    "interlaced": png(zlib.compress(ROWS), kind=(8, 0, 0, 0, 1)),
    "JPEG": cv2.imencode(".jpg", PIXELS)[1].tobytes(),
    "empty": b"",
}


@pytest.mark.parametrize("kind", NOT_PLAIN)
def test_what_is_not_plain_is_left_to_pillow(kind: str) -> None:
    assert decode_plain_grey(NOT_PLAIN[kind]) is None


@pytest.mark.parametrize("kept", [20, 30, 0.3, 0.9, -13, -1])
def test_a_file_that_breaks_off_is_left_to_the_judge(kept: float) -> None:
    data = saved(GREY)
    cut = int(len(data) * kept) if isinstance(kept, float) else kept
    assert decode_plain_grey(data[:cut]) is None


def test_a_bit_that_fell_over_is_left_to_the_judge() -> None:
    data = bytearray(saved(GREY))
    data[len(data) // 2] ^= 1
    assert decode_plain_grey(bytes(data)) is None


@given(
    places=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3),
    kept=st.integers(1, 10_000),
)
def test_damage_under_true_checksums_never_gives_other_pixels_than_pillow(places, kept) -> None:
    stream = bytearray(zlib.compress(ROWS))
    for place, value in places:
        stream[place % len(stream)] = value
    data = png(bytes(stream[:kept]))
    found = decode_plain_grey(data)
    assert found is None or np.array_equal(found, with_pillow(data))


def test_the_one_path_uses_it() -> None:
    data = png(zlib.compress(ROWS))
    pixels, notes = decode_picture(data)
    assert np.array_equal(pixels, PIXELS) and notes == []
