"""The size that a compressed codestream claims, read from its own header without decoding."""

import struct

JPEG_START, JPEG_2000_START = b"\xff\xd8", b"\xff\x4f\xff\x51"
# Start-of-frame markers: JPEG SOF0..SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1), and
# JPEG-LS SOF55 (ITU-T T.87).
FRAME_MARKERS = (set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}) | {0xF7}


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """(width, height) of a JPEG, JPEG-LS or JPEG 2000 codestream; None for another kind (RLE).

    Raises ValueError or struct.error for a codestream whose header is broken.
    """
    if frame[:4] == JPEG_2000_START:
        return _jpeg_2000_size(frame)
    if frame[:2] == JPEG_START:
        return _jpeg_size(frame)
    return None


def _jpeg_2000_size(frame: bytes) -> tuple[int, int]:
    """The SIZ segment (ISO 15444-1, A.5.1): reference grid less the image's offset."""
    right, bottom, left, top = struct.unpack(">4L", frame[8:24])
    return right - left, bottom - top


def _jpeg_size(frame: bytes) -> tuple[int, int]:
    """Walk the segments up to the start of frame."""
    position = 2
    while position + 9 <= len(frame):
        marker, length = (
            frame[position + 1],
            struct.unpack(">H", frame[position + 2 : position + 4]),
        )
        if frame[position] != 0xFF:
            break
        if marker in FRAME_MARKERS:
            height, width = struct.unpack(">HH", frame[position + 5 : position + 9])
            return width, height
        position += 2 + length[0]
    raise ValueError("no start of frame")
