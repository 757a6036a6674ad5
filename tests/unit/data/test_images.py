"""decode_film: every encoding of one picture gives the same film; every bad file one sentence."""

import io
import pickle
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers.data import scaling
from helpers.data.images import UnreadableFilmError, decode_film, prepare_film, resize_film
from helpers.data.remarks import NOTES, REASONS, Remark


def ramp(height: int = 40, width: int = 60) -> np.ndarray:
    """A film whose turned or mirrored copies all differ: values 0..255, no symmetry."""
    rows, columns = np.mgrid[0:height, 0:width]
    return ((rows * 5 + columns * 3 + (rows > 10) * (columns > 40) * 40) % 256).astype(np.uint8)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def codes(notes: tuple[str, ...]) -> list[str]:
    return [note.code for note in notes]


GREY = ramp()
COLOUR = np.dstack([GREY, np.roll(GREY, 7, 0), np.roll(GREY, 9, 1)])
LUMA = np.rint(COLOUR @ np.array([0.299, 0.587, 0.114]))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
    ],
)
def test_a_lossless_grey_file_gives_its_own_pixels(kind: str, options: dict) -> None:
    film = decode_film(saved(Image.fromarray(GREY), kind, **options))
    assert np.array_equal(film.pixels, GREY)
    assert film.pixels.dtype == np.uint8
    assert (film.width, film.height) == (60, 40)


def test_a_grey_jpeg_is_decoded_as_opencv_does() -> None:
    data = saved(Image.fromarray(GREY), "JPEG", quality=90)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(decode_film(data).pixels, expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_colours_become_luma(kind: str) -> None:
    film = decode_film(saved(Image.fromarray(COLOUR), kind))
    assert np.abs(film.pixels.astype(int) - LUMA).max() <= 1
    assert codes(film.notes) == ["colour"]


def test_a_colour_jpeg_gives_its_stored_luma() -> None:
    data = saved(Image.fromarray(COLOUR), "JPEG", quality=100, subsampling=0)
    assert np.abs(decode_film(data).pixels.astype(int) - LUMA).max() <= 3


def test_a_palette_and_one_bit_are_read_as_what_they_show() -> None:
    palette = Image.fromarray(COLOUR).quantize(32)
    shown = np.asarray(palette.convert("RGB").convert("L"))
    assert np.array_equal(decode_film(saved(palette, "PNG")).pixels, shown)
    one_bit = Image.fromarray(GREY > 127)
    assert set(np.unique(decode_film(saved(one_bit, "PNG")).pixels)) == {0, 255}


def test_cmyk_jpeg_keeps_black_black() -> None:
    picture = Image.fromarray(np.repeat(GREY[..., None], 3, 2)).convert("CMYK")
    film = decode_film(saved(picture, "JPEG", quality=100))
    assert np.abs(film.pixels.astype(int) - GREY).max() <= 8


def test_opaque_alpha_changes_nothing_and_transparent_parts_turn_black() -> None:
    opaque = np.dstack([COLOUR, np.full(GREY.shape, 255, np.uint8)])
    assert np.abs(decode_film(saved(Image.fromarray(opaque), "PNG")).pixels - LUMA).max() <= 1
    half = opaque.copy()
    half[:, :30, 3] = 0
    film = decode_film(saved(Image.fromarray(half), "PNG"))
    assert film.pixels[:, :30].max() == 0
    assert np.abs(film.pixels[:, 30:] - LUMA[:, 30:]).max() <= 1
    assert "blended" in codes(film.notes)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_by_its_depth(kind: str) -> None:
    deep = GREY.astype(np.uint16) * 257
    film = decode_film(saved(Image.fromarray(deep), kind))
    assert np.array_equal(film.pixels, GREY)
    assert film.notes == (Remark("deep", bits=16),)


def test_twelve_bits_in_sixteen_do_not_turn_black() -> None:
    deep = (GREY.astype(np.uint32) * 4095 // 255).astype(np.uint16)
    film = decode_film(saved(Image.fromarray(deep), "PNG"))
    assert np.abs(film.pixels.astype(int) - GREY).max() <= 1
    assert film.notes == (Remark("deep", bits=12),)


@pytest.mark.parametrize("kind", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_colours_use_all_their_bits(kind: str, channels: int) -> None:
    deep = np.dstack([COLOUR[..., ::-1], np.full(GREY.shape, 255, np.uint8)])[..., :channels]
    film = decode_film(cv2.imencode(kind, deep.astype(np.uint16) * 257)[1].tobytes())
    assert np.abs(film.pixels.astype(int) - LUMA).max() <= 1
    assert codes(film.notes) == ["colour", "deep"]


def test_a_negative_tiff_of_sixteen_bits_is_turned() -> None:
    data = saved(Image.fromarray(GREY.astype(np.uint16) * 257), "TIFF", tiffinfo={262: 0})
    film = decode_film(data)
    assert np.array_equal(film.pixels, 255 - GREY)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "8"), ("TIFF", "8"), ("TIFF", "16"), ("PNG", "16"), ("PNG", "RGB16"), ("JPEG", "8")],
)
def test_the_orientation_tag_is_obeyed(kind: str, mode: str, orientation: int) -> None:
    pixels = {"8": GREY, "16": GREY.astype(np.uint16) * 257, "RGB16": GREY}[mode]
    if mode == "RGB16":
        data = with_orientation_in_png(GREY, orientation)
    else:
        options = {"quality": 95} if kind == "JPEG" else {}
        data = saved(Image.fromarray(pixels), kind, exif=exif(orientation), **options)
    upright = {  # where the tag says row 0 and column 0 of the stored picture belong
        1: GREY,
        2: GREY[:, ::-1],
        3: GREY[::-1, ::-1],
        4: GREY[::-1],
        5: GREY.T,
        6: GREY.T[:, ::-1],
        7: GREY.T[::-1, ::-1],
        8: GREY.T[::-1],
    }[orientation]
    film = decode_film(data)
    assert film.pixels.shape == upright.shape
    assert np.abs(film.pixels.astype(int) - upright).max() <= (90 if kind == "JPEG" else 0)
    assert np.abs(film.pixels.astype(int) - upright).mean() < 8
    assert ("turned" in codes(film.notes)) == (orientation > 1)
    assert film.pixels.flags.c_contiguous


def with_orientation_in_png(grey: np.ndarray, orientation: int) -> bytes:
    """A 16-bit RGB PNG with an eXIf chunk: Pillow cannot write one."""
    colours = np.repeat((grey.astype(np.uint16) * 257)[..., None], 3, 2)
    data = cv2.imencode(".png", colours)[1].tobytes()
    body = exif(orientation).tobytes().removeprefix(b"Exif\x00\x00")
    chunk = struct.pack(">L", len(body)) + b"eXIf" + body
    chunk += struct.pack(">L", zlib.crc32(b"eXIf" + body))
    return data[:33] + chunk + data[33:]  # right behind the IHDR


# What is turned away


def reason(data: bytes) -> str:
    with pytest.raises(UnreadableFilmError) as caught:
        decode_film(data)
    assert str(caught.value) == caught.value.remark
    assert "{" not in str(caught.value)
    return caught.value.remark.code


def test_an_empty_file_says_so() -> None:
    assert reason(b"") == "empty_file"


def test_text_named_png_is_no_picture() -> None:
    assert reason(b"Patient seems well today.\n" * 40) == "not_a_picture"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_breaks_off_is_noticed(kind: str, kept: float) -> None:
    data = saved(Image.fromarray(np.tile(GREY, (6, 6))), kind)
    assert reason(data[: int(len(data) * kept)]) in ("truncated", "damaged")


def test_a_truncated_jpeg_is_not_half_grey() -> None:
    data = saved(Image.fromarray(np.tile(GREY, (6, 6))), "JPEG")
    assert reason(data[: len(data) // 2]) == "truncated"
    progressive = saved(Image.fromarray(np.tile(GREY, (6, 6))), "JPEG", progressive=True)
    assert reason(progressive[: len(progressive) // 2]) == "truncated"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_animations_and_stacks_are_refused(kind: str) -> None:
    frames = [Image.fromarray(np.roll(GREY, shift)) for shift in (0, 5)]
    assert reason(saved(frames[0], kind, save_all=True, append_images=frames[1:])) == (
        "several_pictures"
    )


def test_32_bit_pictures_have_no_defined_white() -> None:
    assert reason(saved(Image.fromarray(GREY.astype(np.float32)), "TIFF")) == "unknown_depth"


def png_header(width: int, height: int) -> bytes:
    """A PNG of 60 bytes that claims any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        )

    header = struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_000, 60_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_by_its_header(side: int) -> None:
    assert reason(png_header(side, side)) == "too_many_pixels"


def test_a_bomb_is_refused_before_anything_is_inflated() -> None:
    bomb = saved(Image.new("L", (9_000, 9_000)), "PNG")
    assert len(bomb) < 100_000
    assert reason(bomb) == "too_many_pixels"


def test_too_many_bytes_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "MAX_BYTES", 2**20)
    assert reason(b"\xff" * (2**20 + 1)) == "too_many_bytes"


FUZZED = [
    saved(Image.fromarray(GREY), "JPEG", exif=exif(6)),
    saved(Image.fromarray(COLOUR), "JPEG", progressive=True),
    saved(Image.fromarray(COLOUR).quantize(16), "PNG"),
    saved(Image.fromarray(GREY.astype(np.uint16) * 257), "PNG"),
    saved(Image.fromarray(COLOUR), "TIFF", compression="tiff_lzw"),
    saved(Image.fromarray(GREY), "WEBP"),
    saved(Image.fromarray(GREY), "GIF"),
    saved(Image.fromarray(GREY), "BMP"),
    with_orientation_in_png(GREY, 6),
]


@pytest.mark.filterwarnings("ignore::UserWarning")  # pytest undoes our own filter
@settings(max_examples=300, deadline=None)
@given(
    data=st.sampled_from(FUZZED),
    cut=st.floats(0, 1),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
)
def test_whatever_the_bytes_only_one_kind_of_error_comes(data, cut, flips) -> None:
    changed = bytearray(data)
    for place, value in flips:
        changed[int(place * len(changed))] = value
    try:
        film = decode_film(bytes(changed[: int(cut * len(changed)) + 1]))
    except UnreadableFilmError:
        return
    assert film.pixels.dtype == np.uint8
    assert film.pixels.shape == (film.height, film.width)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_never_escape(data: bytes) -> None:
    with pytest.raises(UnreadableFilmError):
        decode_film(data)


def test_remarks_and_errors_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(UnreadableFilmError("too_many_bytes", megabytes=9, limit=8)))
    assert error.remark.values == {"megabytes": 9, "limit": 8}
    assert pickle.loads(pickle.dumps(Remark("deep", bits=12))).code == "deep"
    assert not REASONS.keys() & NOTES.keys()


# Resize and preparation


def test_the_whole_film_is_squeezed_to_the_square() -> None:
    film = np.zeros((100, 200), np.uint8)
    film[:, 100:] = 200
    square = resize_film(film, 50)
    assert square.shape == (50, 50)
    assert square[:, :25].max() == 0
    assert square[:, 25:].min() == 200


def test_shrinking_averages_over_areas_and_the_same_size_is_left_alone() -> None:
    checks = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    assert np.ptp(resize_film(checks, 32)) <= 1  # no pattern that is not in the film
    assert resize_film(GREY[:, :40], 40) is not None
    assert np.array_equal(resize_film(GREY[:, :40], 40), GREY[:, :40])
    assert resize_film(GREY, 128).shape == (128, 128)


def test_enhancement_works_on_the_values_the_model_sees() -> None:
    prepared = prepare_film(GREY, 32, "complement")
    assert np.array_equal(prepared, 255 - resize_film(GREY, 32))
    assert np.array_equal(prepare_film(GREY, 32), resize_film(GREY, 32))


# Real files in awkward encodings

ODD = {
    "1-s2.0-S0140673620303706-fx1_lrg.jpg": [],
    "10.1016-slash-j.crad.2020.04.002-b.png": [],
    "16689_1_2.png": ["colour"],
    "23E99E2E-447C-46E5-8EB2-D35D12473C39.png": ["colour", "deep"],
    "ryct.2020003.fig2-b.png": ["colour"],
    "yxppt-2020-02-19_00-51-27_287214-day8.jpg": [],
}


@pytest.mark.films
@pytest.mark.parametrize("name", ODD)
def test_odd_originals_agree_with_opencv(films: Path, name: str) -> None:
    data = (films / "odd_originals" / name).read_bytes()
    film = decode_film(data)
    grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert np.abs(film.pixels.astype(int) - grey).max() <= 1
    assert codes(film.notes) == ODD[name]


@pytest.mark.films
def test_every_ozturk_film_is_read_bit_for_bit_as_opencv_reads_it(films: Path) -> None:
    for path in sorted((films / "ozturk").rglob("*.jp*g"))[::10]:
        data = path.read_bytes()
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(decode_film(data).pixels, grey), path.name
