"""From thicknesses to a film: Beer-Lambert attenuation, scatter, quantum noise, display, border."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from helpers.data.phantoms.geometry import FIXED_BITS

# Effective attenuation per cm near 100 kV; bone is what it adds to soft tissue.
SOFT_PER_CM, BONE_PER_CM = 0.17, 0.3
LUNG_AIR_SHARE = 0.8  # how much of healthy lung is air


@dataclass(frozen=True)
class Exposure:
    """How the film was taken and shown."""

    scatter: float  # share of the primary beam that arrives scattered
    noise: float  # relative quantum noise in the open beam
    white: float  # percentile of the body shown as white
    latitude: float  # range of density shown from black to white
    gamma: float
    blur: float  # share of the film width
    grid_slope: float  # fall of the beam across the film, as from a tilted grid

    @classmethod
    def sample(cls, rng: np.random.Generator, portable: bool) -> Exposure:
        """Draw an exposure; a portable film has more scatter and noise."""
        return cls(
            scatter=rng.uniform(0.18, 0.34) + 0.1 * portable,
            noise=rng.uniform(0.002, 0.006) * (1.6 if portable else 1.0),
            white=rng.uniform(93.0, 98.0),
            latitude=rng.normal(1.75, 0.1),
            gamma=float(np.exp(rng.normal(0.0, 0.1))),
            blur=rng.uniform(0.0, 0.0022),
            grid_slope=rng.normal(0.0, 0.05),
        )


def expose(
    soft_cm: np.ndarray, bone_cm: np.ndarray, exposure: Exposure, rng: np.random.Generator
) -> np.ndarray:
    """Film density in 0..1 (bone white), float32 (size, size).

    Args:
        soft_cm: soft tissue along the beam, cm.
        bone_cm: bone along the beam, cm.
        exposure: beam, detector and display.
        rng: source of the quantum noise.
    """
    primary = cv2.exp(-(np.float32(SOFT_PER_CM) * soft_cm + np.float32(BONE_PER_CM) * bone_cm))
    beam = primary + np.float32(exposure.scatter) * _scattered(primary)
    noise = rng.standard_normal(beam.shape, dtype=np.float32)
    counts = beam + np.float32(exposure.noise) * np.sqrt(beam) * noise
    density = -cv2.log(np.maximum(counts, np.float32(1e-4)))
    density += np.linspace(-1, 1, beam.shape[1], dtype=np.float32) * np.float32(exposure.grid_slope)
    if exposure.blur:
        density = cv2.GaussianBlur(density, (0, 0), exposure.blur * beam.shape[0] + 0.01)
    return _display(density, exposure)


def _scattered(primary: np.ndarray) -> np.ndarray:
    """The broad veil of scattered light: the open beam outside the body adds little to it."""
    small = cv2.resize(np.minimum(primary, 0.25), (32, 32), interpolation=cv2.INTER_AREA)
    veil = cv2.GaussianBlur(small, (0, 0), 4)
    return cv2.resize(veil, primary.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _display(density: np.ndarray, exposure: Exposure) -> np.ndarray:
    """Window of fixed latitude below the brightest tissue, then the film's curve."""
    sample = density[::4, ::4]
    high = np.percentile(sample[sample > 0.9], exposure.white)
    shown = np.clip((density - np.float32(high)) / np.float32(exposure.latitude) + 1, 0, 1)
    return cv2.pow(shown, exposure.gamma)


def add_border(film: np.ndarray, edges: np.ndarray, angle: float) -> None:
    """Blacken what the collimator shut out.

    `edges` are the shares of the width closed at the left, top, right and bottom; `angle` turns
    the open field, radians. Changes `film` in place.
    """
    size = film.shape[0]
    left, top, right, bottom = edges * size
    corners = np.array([[left, top], [size - right, top], [size - right, size - bottom]])
    corners = np.vstack([corners, [left, size - bottom]]) - size / 2
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = corners @ np.array([[cosine, sine], [-sine, cosine]]) + size / 2
    window = np.zeros(film.shape, np.uint8)
    fixed = np.round(turned * (1 << FIXED_BITS)).astype(np.int32)
    cv2.fillPoly(window, [fixed], 255.0, cv2.LINE_AA, FIXED_BITS)
    film *= window * np.float32(1 / 255)


def add_letters(film: np.ndarray, text: str, place: tuple[float, float], height: float) -> None:
    """Lay lead letters on the film at `place` (across, down in shares of the width), in place."""
    size = film.shape[0]
    scale = height * size / 22
    canvas = np.zeros(film.shape, np.uint8)
    origin = (round(place[0] * size), round(place[1] * size))
    thickness = max(1, round(scale * 2.2))
    cv2.putText(
        canvas, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, 255.0, thickness, cv2.LINE_AA
    )
    np.maximum(film, canvas * np.float32(0.95 / 255), out=film)


def add_plate(film: np.ndarray, text: str, corner: tuple[float, float], height: float) -> None:
    """Lay a dark plate with letters on the film, legible on any film, in place.

    `corner` is the plate's upper left and `height` that of the letters, in shares of the width.
    """
    size = film.shape[0]
    across, down = corner
    wide, tall = (0.8 * len(text) + 0.8) * height, 1.9 * height
    rows = slice(round(down * size), round((down + tall) * size))
    columns = slice(round(across * size), round((across + wide) * size))
    film[rows, columns] *= np.float32(0.1)
    add_letters(film, text, (across + 0.4 * height, down + 1.45 * height), height)


def to_pixels(film: np.ndarray) -> np.ndarray:
    """Film density 0..1 to uint8."""
    return cv2.convertScaleAbs(film, alpha=255)
