"""The bones of a frontal chest: ribs, spine, collar bones, shoulder blades, in cm of bone."""

from __future__ import annotations

import cv2
import numpy as np

from helpers.data.phantoms.anatomy import Anatomy, Tissue
from helpers.data.phantoms.geometry import Frame, dome, ramp

RIB_CM, CLAVICLE_CM, SPINE_CM = 0.62, 1.7, 1.1


def lay_bones(anatomy: Anatomy, frame: Frame, tissue: Tissue, blades_apart: float) -> np.ndarray:
    """Bone along the beam in cm, float32 (size, size).

    `blades_apart` moves the shoulder blades out of the lungs: 1 for a PA film with rolled
    shoulders, 0 for a supine one.
    """
    bones = _ribs(anatomy, frame, tissue)
    bones += _spine(anatomy, tissue)
    bones += _shoulders(frame, blades_apart)
    return bones * np.float32(anatomy.bone)


def _ribs(anatomy: Anatomy, frame: Frame, tissue: Tissue) -> np.ndarray:
    """Ten pairs: the back part runs level, the front part falls towards the middle."""
    behind, before = frame.canvas(), frame.canvas()
    outer = anatomy.rib_width
    back, front = _rib_curves(anatomy, frame.yaw)
    for canvas, curves, width in ((behind, back, outer), (before, front, outer * 1.15)):
        frame.curves(canvas, curves, width, 0.95)
        frame.curves(canvas, curves, width * 0.5, 0.62)  # marrow: the rim of a rib is denser
    both = cv2.addWeighted(behind, 0.5, before, 0.32, 0.0)
    both = cv2.GaussianBlur(both, (0, 0), 0.0035 * frame.size)
    # A beam that grazes the side wall runs along the rib and meets more of it.
    inside = np.minimum(np.abs(tissue.across) / np.maximum(tissue.half_width, 0.05), 0.8)
    return both * np.float32(2 * RIB_CM / 255) / np.sqrt(np.float32(1) - inside * inside)


def _rib_curves(anatomy: Anatomy, yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """Back and front parts (20, 24, 2): each rib is a hoop that sinks from back to front."""
    number = np.arange(10)[:, None]
    top = anatomy.apex + 0.05 + anatomy.rib_spacing * number
    parts = []
    for start, stop in ((0.06, 0.5 * np.pi), (0.5 * np.pi, 0.8 * np.pi)):
        turn = np.linspace(start, stop, 24)[None, :]
        drop = anatomy.rib_drop * (0.55 + 0.05 * number)
        down = top + drop * (0.5 - 0.5 * np.cos(turn)) - 0.06 * np.sin(2 * turn)
        reach = anatomy.half_width(top + 0.5 * drop) + 0.03
        across, forward = reach * np.sin(turn), -0.6 * np.cos(turn)
        sides = [side * across + yaw * forward for side in (-1, 1)]
        parts.append(np.concatenate([np.stack([side, down], axis=-1) for side in sides]))
    return parts[0], parts[1]


def _spine(anatomy: Anatomy, tissue: Tissue) -> np.ndarray:
    """A column of vertebral bodies, with paler discs, pedicles and spinous processes."""
    near = (np.abs(tissue.across) < 0.25).any(axis=0)  # the rest of the film holds no spine
    across, down = tissue.across[:, near], tissue.down[:, near]
    aside = across - np.float32(anatomy.spine_bend) * np.sin(2 * down)
    column = aside / np.float32(0.125)
    wave = np.cos(down * np.float32(2 * np.pi / (anatomy.rib_spacing * 0.98)))
    bodies = 0.68 + 0.32 * ramp(wave + 0.62, 0.5)
    spots = np.square((np.abs(aside) - np.float32(0.075)) / np.float32(0.024))
    pedicles = 0.5 * dome(spots + np.square(wave - 0.6))
    process = 0.7 * dome(np.square(aside / np.float32(0.022)) + np.square((wave + 0.35) / 0.6))
    bones = np.zeros_like(tissue.across)
    bones[:, near] = SPINE_CM * bodies * cv2.pow(dome(column * column), 0.6) + pedicles + process
    return bones


def _shoulders(frame: Frame, blades_apart: float) -> np.ndarray:
    """Collar bones, shoulder blades and upper arms."""
    collar, blade = frame.canvas(), frame.canvas()
    progress = np.linspace(0, 1, 20)
    for side in (-1, 1):
        inner = 0.13 * side + 0.35 * frame.yaw
        across = inner + side * 1.02 * progress
        down = -0.58 - 0.2 * progress - 0.06 * np.sin(2 * np.pi * progress) * (1 - 0.3 * progress)
        curve = np.stack([across, down], axis=-1)[None]
        frame.curves(collar, curve, 0.085, 0.85)
        frame.curves(collar, curve, 0.045, 0.6)
        _blade(frame, blade, side, blades_apart)
    blurred = cv2.GaussianBlur(cv2.add(collar, blade), (0, 0), 0.004 * frame.size)
    return blurred * np.float32(CLAVICLE_CM / 255)


def _blade(frame: Frame, canvas: np.ndarray, side: int, apart: float) -> None:
    """One shoulder blade with its dense inner edge and spine, and the head of the arm bone."""
    move = np.array([0.24 * apart, 0.0])
    corners = np.array([[0.7, -0.6], [1.14, -0.72], [1.2, -0.5], [0.92, 0.24], [0.82, 0.22]])
    flip = np.array([side, 1.0])
    placed = (corners + move) * flip
    frame.polygon(canvas, placed, 0.24)
    frame.curves(canvas, placed[None, [0, 4, 3, 2]], 0.025, 0.5)
    ridge = (np.array([[0.74, -0.5], [0.95, -0.68], [1.22, -0.82]]) + move) * flip
    frame.curves(canvas, ridge[None], 0.05, 0.45)
    arm = (np.array([[1.24, -0.66], [1.3, -0.45], [1.42, 0.1], [1.5, 0.9]]) + move) * flip
    frame.curves(canvas, arm[None, :2], 0.22, 0.8)
    frame.curves(canvas, arm[None, 1:], 0.11, 0.95)
    frame.curves(canvas, arm[None, 1:], 0.05, 0.6)
