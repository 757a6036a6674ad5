"""What disease does to the lungs: how much of the air is filled, in shares 0..1.

COVID-19 is bilateral, peripheral, lower-zone ground glass: patchy and thin, so that vessels stay
visible. Pneumonia fills one lobe (rarely a spot elsewhere as well), denser, with a sharp edge at
the fissure and air-filled bronchi inside. No finding leaves the lungs clear.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from helpers.data.phantoms.anatomy import Anatomy, Tissue, grow_branches
from helpers.data.phantoms.geometry import FIXED_BITS, Frame, ramp, smooth_noise

VISIBLE_SHARE = 0.06  # less filling than this is not drawn in the opacity mask


@dataclass(frozen=True)
class GroundGlass:
    """Patches: centres (N, 2), half axes (N, 2), tilts (N,), and the filled share."""

    centres: np.ndarray
    axes: np.ndarray
    tilts: np.ndarray
    share: float


@dataclass(frozen=True)
class Consolidation:
    """One filled lobe: which side (-1 patient's right), where, how far, and the filled share."""

    side: int
    lobe: str
    fissure: float
    slope: float
    centre: tuple[float, float]
    extent: tuple[float, float]
    share: float


def sample_ground_glass(rng: np.random.Generator, anatomy: Anatomy) -> GroundGlass:
    """Four to eight patches in each lung, near the wall and mostly low."""
    counts = rng.integers(4, 9, 2)
    side = np.repeat([-1.0, 1.0], counts)
    down = np.clip(rng.normal(0.38, 0.27, len(side)), -0.6, anatomy.right_dome)
    reach = anatomy.half_width(down) * np.clip(rng.normal(0.78, 0.13, len(side)), 0.4, 0.97)
    axes = rng.uniform(0.11, 0.28, (len(side), 2)) * [0.85, 1.25]
    share = float(np.exp(rng.uniform(np.log(0.4), np.log(0.8))))
    centres = np.stack([side * reach, down], axis=1)
    return GroundGlass(centres, axes, rng.uniform(0, np.pi, len(side)), share)


def sample_consolidation(rng: np.random.Generator) -> Consolidation:
    """One lobe; the right lung more often, the lower lobes most often."""
    side = -1 if rng.random() < 0.62 else 1
    lobe = str(rng.choice(["upper", "middle", "lower"], p=[0.27, 0.25, 0.48]))
    down = {"upper": -0.35, "middle": 0.3, "lower": 0.5}[lobe] + rng.normal(0, 0.1)
    inward = {"upper": 0.55, "middle": 0.42, "lower": 0.6}[lobe] + rng.normal(0, 0.08)
    return Consolidation(
        side=side,
        lobe=lobe,
        fissure={"upper": 0.0, "middle": 0.06, "lower": 0.2}[lobe] + rng.normal(0, 0.06),
        slope={"upper": 0.1, "middle": 0.05, "lower": -0.45}[lobe] + rng.normal(0, 0.08),
        centre=(side * inward, down),
        extent=(rng.uniform(0.4, 0.65), rng.uniform(0.36, 0.55)),
        share=float(np.exp(rng.uniform(np.log(0.6), np.log(0.98)))),
    )


def fill_ground_glass(
    patches: GroundGlass, frame: Frame, rng: np.random.Generator, severity: float
) -> np.ndarray:
    """Filled share of each pixel's lung, float32 (size, size)."""
    small = Frame(max(32, frame.size // 4), frame.scale, frame.angle, frame.offset, frame.yaw)
    canvas = small.canvas()
    spots = zip(small.pixels(patches.centres), patches.axes, patches.tilts, strict=True)
    for centre, axes, tilt in spots:
        axes = np.round(axes * small.unit * (1 << FIXED_BITS)).astype(int)
        turn = float(np.degrees(tilt + frame.angle))
        cv2.ellipse(
            canvas, centre.tolist(), axes.tolist(), turn, 0, 360, 255.0, -1, cv2.LINE_AA, FIXED_BITS
        )
    soft = cv2.GaussianBlur(canvas, (0, 0), 0.06 * small.unit)
    veil = cv2.resize(soft, (frame.size, frame.size), interpolation=cv2.INTER_CUBIC)
    texture = smooth_noise(rng, frame.size, 11, octaves=3)
    share = veil * np.float32(1 / 255) * (0.75 + 0.45 * texture)
    return np.clip(share, 0, 1.7) * np.float32(patches.share * severity)


def fill_lobe(
    lobe: Consolidation, frame: Frame, tissue: Tissue, rng: np.random.Generator, severity: float
) -> np.ndarray:
    """Filled share of each pixel's lung, float32 (size, size)."""
    across, down = tissue.across, tissue.down
    far = np.square((across - np.float32(lobe.centre[0])) / np.float32(lobe.extent[0]))
    far += np.square((down - np.float32(lobe.centre[1])) / np.float32(lobe.extent[1]))
    texture = smooth_noise(rng, frame.size, 9, octaves=2)
    body = ramp(1.15 - far + 0.45 * texture, 1.1)
    line = down - np.float32(lobe.fissure) - np.float32(lobe.slope * lobe.side) * across
    edge = ramp(-line if lobe.lobe == "upper" else line, 0.035)
    same_side = ramp(np.float32(lobe.side) * across, 0.05)
    share = body * edge * same_side * (0.92 + 0.1 * texture)
    share *= np.float32(lobe.share * severity)
    return share * (1 - np.float32(0.55) * _bronchi(frame, rng) * ramp(share - 0.35, 0.3))


def _bronchi(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    """The first bronchi, 0..1: they stay full of air when the lobe around them does not."""
    starts, ends, widths = grow_branches(rng)
    canvas = frame.canvas()
    for level in range(1, 5):
        segments = np.stack([starts[level], ends[level]], axis=1)
        frame.curves(canvas, segments, widths[level] * 0.5, 0.9)
    return cv2.GaussianBlur(canvas, (0, 0), 0.004 * frame.size) * np.float32(1 / 255)
