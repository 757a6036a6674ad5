"""Coordinates: a patient's own plane, its pose on the film, and smooth random fields.

The patient's plane has its origin on the spine in mid-chest. One unit is half the inner width of
the chest (about 13 cm); `across` grows towards the patient's left (the right of the film), `down`
towards the feet, and `forward` (in three-dimensional points) towards the breastbone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

FIXED_BITS = 4  # OpenCV draws with 1/16 pixel when coordinates carry four fractional bits


@dataclass(frozen=True)
class Frame:
    """How the patient's plane lies on a square film of `size` pixels.

    Attributes:
        size: edge of the film in pixels.
        scale: film widths per patient unit.
        angle: rotation in the plane of the film, radians.
        offset: where the patient's origin falls from the middle of the film, in film widths.
        yaw: turn about the long axis; things in front shift sideways by `yaw` per unit of depth.
    """

    size: int
    scale: float = 0.4
    angle: float = 0.0
    offset: tuple[float, float] = (0.0, 0.0)
    yaw: float = 0.0

    @property
    def unit(self) -> float:
        """Pixels per patient unit."""
        return self.size * self.scale

    @cached_property
    def _turn(self) -> np.ndarray:
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        return np.array([[cosine, -sine], [sine, cosine]])

    @cached_property
    def _middle(self) -> np.ndarray:
        return self.size * (0.5 + np.array(self.offset))

    def grids(self) -> tuple[np.ndarray, np.ndarray]:
        """Patient coordinates (across, down) of each pixel, two float32 (size, size) arrays."""
        steps = np.arange(self.size) + 0.5
        columns, rows = (steps - self._middle[0]) / self.unit, (steps - self._middle[1]) / self.unit
        (cosine, minus_sine), (sine, _) = self._turn
        across = (columns * cosine)[None, :] + (rows * sine)[:, None]
        down = (columns * minus_sine)[None, :] + (rows * cosine)[:, None]
        return across.astype(np.float32), down.astype(np.float32)

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Fixed-point pixel positions (..., 2) of patient points (..., 2), for OpenCV drawing."""
        placed = np.asarray(points) @ self._turn.T * self.unit + self._middle - 0.5
        return np.round(placed * (1 << FIXED_BITS)).astype(np.int32)

    def thickness(self, width: float) -> int:
        """Whole line thickness in pixels of a width in patient units, at least one."""
        return max(1, round(width * self.unit))

    def canvas(self) -> np.ndarray:
        """An empty uint8 (size, size) drawing."""
        return np.zeros((self.size, self.size), np.uint8)

    def curves(self, canvas: np.ndarray, curves: np.ndarray, width: float, value: float) -> None:
        """Draw open curves (N, points, 2), each `width` units wide, with `value` in 0..1."""
        cv2.polylines(
            canvas,
            list(self.pixels(curves)),
            False,
            float(round(255 * value)),
            self.thickness(width),
            cv2.LINE_AA,
            FIXED_BITS,
        )

    def polygon(self, canvas: np.ndarray, corners: np.ndarray, value: float) -> None:
        """Fill a polygon (points, 2) with `value` in 0..1."""
        colour = float(round(255 * value))
        cv2.fillPoly(canvas, [self.pixels(corners)], colour, cv2.LINE_AA, FIXED_BITS)


@contextmanager
def one_drawing_thread() -> Iterator[None]:
    """Keep OpenCV to one thread: on a busy machine small drawings only wait for its helpers."""
    usual = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(usual)


def ramp(distance: np.ndarray, width: float) -> np.ndarray:
    """A soft edge: 0 below, 1 above zero distance, straight over `width`."""
    edge = distance * np.float32(1 / width)
    edge += np.float32(0.5)
    np.maximum(edge, np.float32(0), out=edge)
    return np.minimum(edge, np.float32(1), out=edge)


def dome(radius_squared: np.ndarray) -> np.ndarray:
    """Chord of a unit ball: sqrt(1 - r²), zero outside."""
    depth = np.float32(1) - radius_squared
    np.maximum(depth, np.float32(0), out=depth)
    return np.sqrt(depth, out=depth)


def ellipse_radius(
    across: np.ndarray,
    down: np.ndarray,
    centre: tuple[float, float],
    half_axes: tuple[float, float],
    tilt: float = 0.0,
) -> np.ndarray:
    """Squared radius in an ellipse's own measure: 1 on its outline."""
    cosine, sine = np.cos(tilt), np.sin(tilt)
    first = np.float32(cosine / half_axes[0]), np.float32(sine / half_axes[0])
    second = np.float32(-sine / half_axes[1]), np.float32(cosine / half_axes[1])
    x, y = across - np.float32(centre[0]), down - np.float32(centre[1])
    along, beside = x * first[0] + y * first[1], x * second[0] + y * second[1]
    along *= along
    beside *= beside
    return np.add(along, beside, out=along)


def smooth_noise(rng: np.random.Generator, size: int, cells: int, octaves: int = 1) -> np.ndarray:
    """Random relief with features of about size/cells pixels, float32 (size, size), spread 1."""
    relief = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        grid = rng.standard_normal((cells << octave, cells << octave), dtype=np.float32)
        grown = cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
        relief += grown * np.float32(0.6**octave)
    return relief * np.float32(1.5 / np.sqrt(sum(0.36**octave for octave in range(octaves))))
