"""A CT slice through the chest (view Axial), to be told from films, and to be refused as one."""

from __future__ import annotations

import numpy as np

from helpers.data.phantoms.anatomy import Anatomy
from helpers.data.phantoms.frontal import Disease, Rendering
from helpers.data.phantoms.geometry import Frame, ellipse_radius, ramp, smooth_noise
from helpers.data.phantoms.pathology import Consolidation

# Grey of each tissue in a lung window, 0..1.
AIR, LUNG, SOFT, BONE = 0.0, 0.12, 0.72, 1.0


def render_axial(
    anatomy: Anatomy, disease: Disease, severity: float, size: int, rng: np.random.Generator
) -> Rendering:
    """Cut one patient across at mid-chest; breastbone above, the patient's right on the left."""
    frame = Frame(size, 0.36, float(rng.normal(0, 0.03)), (0.0, float(rng.normal(0, 0.02))))
    across, down = frame.grids()
    edge = 4 / frame.unit
    film = np.full_like(across, AIR)
    _paint(film, across, down, (0.0, 0.0), (1.1 + anatomy.wall, 0.78 + anatomy.wall), SOFT, edge)
    mask = np.zeros(across.shape, bool)
    for side in (-1, 1):
        place, axes = (side * 0.52, -0.02), (0.43, 0.6)
        _paint(film, across, down, place, axes, LUNG, edge)
        mask |= ellipse_radius(across, down, place, axes) < 1
    heart = ((0.16, -0.18), (0.36 * anatomy.heart_width / 0.43, 0.34))
    _paint(film, across, down, *heart, SOFT, edge)
    mask &= ellipse_radius(across, down, *heart) > 1
    opacity = _fill(film, mask, disease, across, down, rng, severity)
    _vessels(film, mask, across, down, rng, edge)
    _bones(film, across, down, anatomy, edge)
    noise = rng.standard_normal(film.shape, dtype=np.float32)
    return Rendering(np.clip(film + 0.02 * noise, 0, 1), mask, opacity)


def _paint(film, across, down, centre, axes, grey: float, edge: float, tilt: float = 0.0) -> None:
    """Lay one ellipse of tissue over what is there, in place."""
    inside = ramp(1 - ellipse_radius(across, down, centre, axes, tilt), edge / min(axes))
    film += inside * (np.float32(grey) - film)


def _fill(film, mask, disease: Disease, across, down, rng, severity: float) -> np.ndarray:
    """Disease in the slice, in place; returns where."""
    if disease is None:
        return np.zeros_like(mask)
    texture = smooth_noise(rng, film.shape[0], 14, octaves=2)
    if isinstance(disease, Consolidation):
        far = ellipse_radius(across, down, (0.55 * disease.side, 0.25), (0.34, 0.3))
    else:
        far = 3.2 * (1 - np.square(across / 0.95) - np.square(down / 0.62)) + ramp(-down, 0.6)
    share = (
        ramp(0.8 - far + 0.6 * texture, 0.6) * mask * np.float32(min(1, disease.share * severity))
    )
    film += share * (np.float32(SOFT) - film)
    return share > 0.06


def _vessels(film, mask, across, down, rng: np.random.Generator, edge: float) -> None:
    """Cut vessels: small bright spots, larger near the middle, in place."""
    layer = np.zeros_like(film)
    for _ in range(40):
        place = (rng.choice([-1, 1]) * rng.uniform(0.2, 0.9), rng.uniform(-0.5, 0.5))
        radius = 0.012 + 0.03 * rng.random() ** 2 * (1 - abs(place[0]))
        _paint(layer, across, down, place, (radius, radius * rng.uniform(1, 2.5)), 0.6, edge, 0.7)
    np.maximum(film, layer * mask, out=film)


def _bones(film, across, down, anatomy: Anatomy, edge: float) -> None:
    """Vertebra, breastbone and a ring of ribs, in place."""
    _paint(film, across, down, (0.0, 0.52), (0.17, 0.13), BONE, edge)
    _paint(film, across, down, (0.0, 0.75), (0.03, 0.12), BONE, edge)
    _paint(film, across, down, (0.0, 0.67), (0.06, 0.05), SOFT, edge)
    _paint(film, across, down, (0.0, -0.7), (0.16, 0.035), BONE, edge)
    for turn in np.linspace(0.5, 2.64, 6):
        for side in (-1, 1):
            place = (side * 1.03 * np.sin(turn), 0.68 * np.cos(turn))
            _paint(
                film,
                across,
                down,
                place,
                (0.09, 0.03),
                BONE,
                edge,
                side * (turn - np.pi / 2) + 1.57,
            )
    _paint(film, across, down, (0.0, 0.2), (0.06, 0.05), AIR, edge)
