"""A lateral chest film (view L): the same patient seen from the side, breastbone on the left."""

from __future__ import annotations

import cv2
import numpy as np

from helpers.data.phantoms.anatomy import Anatomy
from helpers.data.phantoms.frontal import Disease, Rendering
from helpers.data.phantoms.geometry import Frame, dome, ellipse_radius, ramp, smooth_noise
from helpers.data.phantoms.pathology import VISIBLE_SHARE, Consolidation
from helpers.data.phantoms.projection import LUNG_AIR_SHARE, Exposure, expose

WIDTH_CM = 30.0


def render_lateral(
    anatomy: Anatomy, disease: Disease, severity: float, size: int, rng: np.random.Generator
) -> Rendering:
    """Project one patient from the side; see `render_frontal`."""
    frame = Frame(
        size=size,
        scale=0.4 * float(np.exp(rng.normal(0, 0.06))),
        angle=float(rng.normal(0, 0.05)),
        offset=(float(rng.normal(0, 0.02)), float(rng.normal(0, 0.03))),
    )
    across, down = frame.grids()
    lung, mask = _lungs(anatomy, across, down)
    share = _filled_share(disease, across, down, rng, severity)
    body = _body(anatomy, across, down)
    soft = body - lung * np.float32(LUNG_AIR_SHARE) * (1 - share)
    exposure = Exposure.sample(rng, portable=False)
    film = expose(np.maximum(soft, 0), _bones(anatomy, frame, across, down), exposure, rng)
    return Rendering(film, mask, (share > VISIBLE_SHARE) & mask)


def _body(anatomy: Anatomy, across, down) -> np.ndarray:
    """Trunk in cm along the beam; the arms are held up, out of the field."""
    front = (
        -0.78
        - anatomy.wall
        - 0.14 * down
        - 0.28 * anatomy.breast * np.exp(-np.square((down - np.float32(0.35)) / np.float32(0.3)))
    )
    back = 0.9 + anatomy.wall + 0.1 * np.sin(2 * down)
    middle, half = (front + back) / 2, (back - front) / 2
    neck = ramp(-1.1 - down, 0.4)
    aside = (across - middle) / (half * (1 - 0.5 * neck))
    return (WIDTH_CM - 12 * ramp(-0.7 - down, 0.5)) * cv2.pow(dome(np.square(aside)), 0.7)


def _lungs(anatomy: Anatomy, across, down) -> tuple[np.ndarray, np.ndarray]:
    """Both lungs over each other, less the heart; the diaphragm falls to the back."""
    lean = across + np.float32(0.12) * down - np.float32(0.04)
    radius = ellipse_radius(lean, down, (0.02, 0.25), (0.74, 1.3))
    floor = anatomy.right_dome - 0.08 + 0.62 * np.square(across + 0.2) * ramp(across + 0.2, 0.2)
    inside = 24.0 * dome(radius) * ramp(down - np.float32(anatomy.apex + 0.05), 0.15)
    lung = inside * (0.5 * ramp(floor - down, 0.03) + 0.5 * ramp(floor + 0.09 - down, 0.03))
    centre = (-0.32, anatomy.right_dome - 0.36)
    heart = 12.0 * dome(ellipse_radius(across, down, centre, (0.4, 0.42), 0.6))
    arch = 5.0 * dome(ellipse_radius(across, down, (0.06, -0.2), (0.3, 0.42), 0.3))
    air = np.maximum(lung - np.maximum(heart, arch), 0)
    return air, (inside > 4) & (down < floor)


def _bones(anatomy: Anatomy, frame: Frame, across, down) -> np.ndarray:
    """Spine behind, breastbone before, and the ribs of both sides slanting down to the front."""
    place = 0.66 + 0.1 * np.sin(2 * down)
    wave = np.cos(down * np.float32(2 * np.pi / anatomy.rib_spacing))
    bodies = 0.6 + 0.4 * ramp(wave + 0.6, 0.5)
    spine = 3.0 * bodies * dome(np.square((across - place) / np.float32(0.14)))
    plate = across + np.float32(0.74) + np.float32(0.14) * down
    sternum = 1.2 * dome(np.square(plate / np.float32(0.05))) * ramp(0.5 - np.abs(down + 0.15), 0.1)
    turn = np.linspace(0.1, 2.6, 24)[None, :]
    top = anatomy.apex + 0.05 + anatomy.rib_spacing * np.arange(10)[:, None]
    reach = 0.72 * anatomy.half_width(top + 0.3)
    curves = [
        np.stack([reach * np.cos(turn) + 0.04, top + slant * (0.5 - 0.5 * np.cos(turn))], axis=-1)
        for slant in (0.55, 0.62)
    ]
    canvas = frame.canvas()
    frame.curves(canvas, np.concatenate(curves), anatomy.rib_width * 0.9, 0.5)
    ribs = cv2.GaussianBlur(canvas, (0, 0), 0.004 * frame.size) * np.float32(1.2 / 255)
    return (spine + sternum + ribs) * np.float32(anatomy.bone)


def _filled_share(
    disease: Disease, across, down, rng: np.random.Generator, severity: float
) -> np.ndarray:
    """Disease from the side: one block for a lobe, a patchy veil low and behind for COVID-19."""
    texture = smooth_noise(rng, across.shape[0], 12, octaves=2)
    if disease is None:
        return np.zeros_like(across)
    if isinstance(disease, Consolidation):
        forward = {"upper": -0.15, "middle": -0.35, "lower": 0.35}[disease.lobe]
        centre, axes = (forward, disease.centre[1]), (0.36, 0.34)
    else:
        centre, axes = (0.25, 0.35), (0.4, 0.6)
    far = ellipse_radius(across, down, centre, axes)
    # The healthy lung of the other side lies in the same beam: half the share.
    return np.clip(ramp(1 - far + 0.5 * texture, 0.8) * (0.5 * disease.share * severity), 0, 1)
