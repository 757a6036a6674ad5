"""What the gate looks at: layout, grey values, edges and symmetry of a picture, 236 numbers."""

import cv2
import numpy as np

SIDE = 64
LAYOUT = 12
GREYS, DIRECTIONS = 10, 8
CELLS, CELL_DIRECTIONS = 4, 4
FEATURES = LAYOUT**2 + GREYS + DIRECTIONS + CELLS**2 * CELL_DIRECTIONS + 10


def grey_span(pixels: np.ndarray) -> float:
    """Grey values between the darkest and the brightest hundredth of a picture."""
    low, high = np.percentile(_small(pixels), (1, 99))
    return float(high - low)


def gate_features(pixels: np.ndarray) -> np.ndarray:
    """Features float32 (F,) of a picture, uint8 (H, W); its proportions play no part."""
    small = _small(pixels)
    low, high = np.percentile(small, (1, 99))
    film = np.clip((small - low) / max(high - low, 8.0), 0, 1).astype(np.float32)
    smooth = cv2.GaussianBlur(film, (0, 0), 1)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    direction = np.arctan2(down, across) % np.pi / np.pi
    greys = np.histogram(film, GREYS, (0, 1))[0] / film.size
    parts = [_layout(film), greys, _directions(direction, strength, DIRECTIONS)]
    parts += [_directions_by_cell(direction, strength), _plain(small, film, smooth, strength)]
    return np.concatenate(parts).astype(np.float32)


def _small(pixels: np.ndarray) -> np.ndarray:
    way = cv2.INTER_AREA if min(pixels.shape) >= SIDE else cv2.INTER_LINEAR
    return cv2.resize(pixels, (SIDE, SIDE), interpolation=way).astype(np.float32)


def _layout(film: np.ndarray) -> np.ndarray:
    """Where it is light and dark: lungs, spine and diaphragm of a frontal film."""
    blurred = cv2.GaussianBlur(film, (0, 0), 1.5)
    layout = cv2.resize(blurred, (LAYOUT, LAYOUT), interpolation=cv2.INTER_AREA)
    return ((layout - layout.mean()) / (layout.std() + 0.05)).ravel()


def _directions(direction: np.ndarray, strength: np.ndarray, bins: int) -> np.ndarray:
    """How the edges run; their strengths add up to 1."""
    places = np.minimum((direction * bins).astype(int), bins - 1).ravel()
    total = strength.sum() + 1e-3
    return np.bincount(places, strength.ravel(), bins) / total


def _directions_by_cell(direction: np.ndarray, strength: np.ndarray) -> np.ndarray:
    rows, columns = np.indices(direction.shape) * CELLS // SIDE
    turns = np.minimum((direction * CELL_DIRECTIONS).astype(int), CELL_DIRECTIONS - 1)
    places = (rows * CELLS + columns) * CELL_DIRECTIONS + turns
    total = (strength.sum() + 1e-3) / CELLS**2
    return np.bincount(places.ravel(), strength.ravel(), CELLS**2 * CELL_DIRECTIONS) / total


def _plain(
    small: np.ndarray, film: np.ndarray, smooth: np.ndarray, strength: np.ndarray
) -> list[float]:
    """Symmetry, grain, edges, flat areas, clipped values, corners, contrast, brightness."""
    mirrored = film[:, ::-1]
    spread = film.std()
    symmetry = ((film - film.mean()) * (mirrored - film.mean())).mean() / (spread**2 + 1e-6)
    flat = np.abs(cv2.Laplacian(film, cv2.CV_32F)) < 0.004
    corners = film[:6, :6].mean() + film[:6, -6:].mean()
    corners += film[-6:, :6].mean() + film[-6:, -6:].mean()
    return [
        *(symmetry, (film - smooth).std(), strength.mean(), np.percentile(strength, 95)),
        *(flat.mean(), (small < 8).mean(), (small > 247).mean(), corners / 4),
        *(spread, small.mean() / 255),
    ]
