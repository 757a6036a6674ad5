"""The soft parts of a frontal chest: body, lungs, heart and vessels, as thicknesses in cm.

Shapes follow how a frontal film is drawn in radiology primers; sizes vary with sex, age and chance.
No film of a real patient was used.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from helpers.data.phantoms.geometry import Frame, dome, ellipse_radius, ramp

CHEST_DEPTH_CM = 21.0
LUNG_DEPTH_CM = 14.5


@dataclass(frozen=True)
class Anatomy:
    """One patient's build, in patient units unless a name says otherwise."""

    sex: str
    age: int
    wall: float  # soft tissue outside the ribs
    apex: float  # height of the lung tops
    shape: float  # how quickly the chest widens from the top
    right_dome: float  # height of the right half of the diaphragm
    left_dome: float
    heart_width: float
    heart_tilt: float
    mediastinum: float
    knob: float  # size of the aortic knob
    spine_bend: float
    rib_drop: float  # how far ribs fall from back to front
    rib_spacing: float
    rib_width: float
    bone: float  # mineral, 1 = usual
    breast: float
    stomach: float  # size of the stomach bubble, 0 = none
    vessel_seed: int

    @classmethod
    def sample(cls, rng: np.random.Generator) -> Anatomy:
        """Draw a patient."""
        female = rng.random() < 0.45
        age = int(np.clip(rng.normal(54, 18), 18, 94))
        right_dome = rng.normal(0.76, 0.07)
        return cls(
            sex="F" if female else "M",
            age=age,
            wall=rng.uniform(0.08, 0.26),
            apex=rng.normal(-1.0, 0.04),
            shape=rng.uniform(2.8, 4.2),
            right_dome=right_dome,
            left_dome=right_dome + rng.normal(0.09, 0.03),
            heart_width=rng.normal(0.43, 0.045) + 0.0008 * (age - 54),
            heart_tilt=rng.normal(0.5, 0.12),
            mediastinum=rng.normal(0.19, 0.02),
            knob=rng.normal(0.11, 0.02) + 0.0008 * (age - 54),
            spine_bend=rng.normal(0, 0.025),
            rib_drop=rng.normal(0.62, 0.06),
            rib_spacing=rng.normal(0.205, 0.008),
            rib_width=rng.normal(0.075, 0.007),
            bone=rng.uniform(0.75, 1.15) - 0.003 * max(0, age - 60),
            breast=rng.uniform(0.55, 1.3) if female else 0.0,
            stomach=rng.uniform(0.12, 0.26) if rng.random() < 0.75 else 0.0,
            vessel_seed=int(rng.integers(2**31)),
        )

    def half_width(self, down: np.ndarray) -> np.ndarray:
        """Inner half width of the chest at each height."""
        rest = 1 - ramp(np.asarray(down) - np.float32(self.apex + 1.075), 2.15)
        return np.sqrt(1 - cv2.pow(rest, self.shape))

    def diaphragm(self, across: np.ndarray) -> np.ndarray:
        """Height of the diaphragm's outline at each place across."""
        left = ramp(across, 0.35)
        top = self.right_dome + left * np.float32(self.left_dome - self.right_dome)
        aside = (np.abs(across) - np.float32(0.42)) / np.float32(0.6)
        return top + aside * aside * np.where(aside > 0, np.float32(0.42), np.float32(0.16))


@dataclass
class Tissue:
    """Thickness maps of a frontal chest in cm, each float32 (size, size)."""

    across: np.ndarray
    down: np.ndarray
    half_width: np.ndarray
    body: np.ndarray
    air: np.ndarray  # lung along the beam, heart and diaphragm taken out
    gas: np.ndarray  # windpipe and stomach bubble
    vessels: np.ndarray
    lung_mask: np.ndarray


def lay_tissue(anatomy: Anatomy, frame: Frame, heart_growth: float) -> Tissue:
    """Lay out the soft parts of one film; `heart_growth` is 1 for PA, more for AP."""
    across, down = frame.grids()
    half_width = anatomy.half_width(down)
    lung, mask = _lungs(anatomy, across, down, half_width)
    centre = _central(anatomy, across, down, frame.yaw, heart_growth)
    return Tissue(
        across=across,
        down=down,
        half_width=half_width,
        body=_body(anatomy, across, down) + _breasts(anatomy, across, down, frame.yaw),
        air=np.maximum(lung - centre, 0),
        gas=_gas(anatomy, across, down),
        vessels=vessel_tree(anatomy, frame) * ramp(lung - 1, 2),
        lung_mask=mask & (centre < 0.55 * lung),
    )


def _lungs(anatomy: Anatomy, across, down, half_width) -> tuple[np.ndarray, np.ndarray]:
    """Lung depth in cm before the heart is taken out, and where lung shows."""
    depth = LUNG_DEPTH_CM * np.sqrt(np.maximum(half_width * half_width - across * across, 0))
    aside = np.abs(across) - np.float32(0.4)
    top = ramp(down - np.float32(anatomy.apex + 0.02) - np.float32(1.3) * aside * aside, 0.07)
    above = anatomy.diaphragm(across) - down
    # A thin wedge of lung lies behind the diaphragm: the shadow does not end at the outline.
    floor = np.float32(0.88) * ramp(above, 0.03) + np.float32(0.12) * ramp(above + 0.12, 0.4)
    return depth * top * floor, (depth > 1.5) & (top > 0.5) & (above > 0)


def _central(anatomy: Anatomy, across, down, yaw: float, growth: float) -> np.ndarray:
    """Heart, great vessels and mediastinum in cm."""
    shift, width = 0.35 * yaw, anatomy.heart_width * growth
    floor = 0.5 * (anatomy.right_dome + anatomy.left_dome)
    left = ellipse_radius(
        across, down, (0.16 + shift, floor - 0.22), (width * 1.25, width * 0.92), anatomy.heart_tilt
    )
    right = ellipse_radius(across, down, (-0.06 + shift, floor - 0.26), (width * 0.68, 0.46))
    knob = ellipse_radius(
        across, down, (0.13 + shift, -0.36), (anatomy.knob * 1.1, anatomy.knob * 1.3)
    )
    band = anatomy.mediastinum * growth
    flare = band * (1 + 0.35 * np.exp(-np.square((down - np.float32(0.05)) / np.float32(0.28))))
    column = (across - np.float32(shift * 0.6)) / flare
    deepest = np.maximum(12.0 * dome(left), 10.0 * dome(right))
    return np.maximum(np.maximum(deepest, 6.0 * dome(knob)), 11.0 * dome(column * column))


def _body(anatomy: Anatomy, across, down) -> np.ndarray:
    """The trunk with shoulders and neck, and the arms where the film reaches them."""
    side = np.abs(across)
    trunk = 1.02 + anatomy.wall + 0.02 * down
    shoulder = ramp(-0.5 - down, 0.55) * 0.62
    neck = ramp(-1.12 - down - 0.16 * (side - 0.5), 0.32)
    width = (trunk + shoulder) * (1 - neck) + (0.44 + anatomy.wall * 0.4) * neck
    depth = (CHEST_DEPTH_CM + 14 * anatomy.wall) * (1 - 0.35 * ramp(-0.75 - down, 0.7))
    depth = depth - 2.0 * ramp(down - 0.7, 0.6)
    inside = side / width
    trunk_cm = depth * cv2.pow(dome(inside * inside), 0.8)
    arm = (side - np.float32(1.42 + anatomy.wall) - 0.12 * down) / np.float32(0.2)
    return np.maximum(trunk_cm, 9.0 * dome(arm * arm) * ramp(down + 0.62, 0.2))


def _breasts(anatomy: Anatomy, across, down, yaw: float) -> np.ndarray | float:
    """Breast shadow in cm: round below, fading above."""
    if not anatomy.breast:
        return 0.0
    size = 0.34 + 0.12 * anatomy.breast
    centre = np.float32(0.56 + 0.04 * anatomy.breast)
    side = np.abs(across - np.float32(0.5 * yaw)) - centre
    below = down - np.float32(0.5 + 0.16 * anatomy.breast)
    tall = np.where(below > 0, np.float32(size), np.float32(size * 1.6))
    round_cm = dome(np.square(side / np.float32(size)) + np.square(below / tall))
    return (1.2 + 1.5 * anatomy.breast) * round_cm


def _gas(anatomy: Anatomy, across, down) -> np.ndarray:
    """Windpipe, main bronchi and stomach bubble in cm of air."""
    pipe = (across - np.float32(anatomy.spine_bend)) / np.float32(0.062)
    gas = 2.2 * dome(pipe * pipe) * ramp(-0.26 - down, 0.2)
    for side, slope in ((-1, 1.3), (1, 0.9)):
        branch = (down + np.float32(0.3) - slope * side * across) / np.float32(0.062)
        reach = ramp(side * across, 0.04) * ramp(0.22 - side * across, 0.1)
        gas = np.maximum(gas, 1.1 * dome(branch * branch) * reach)
    if anatomy.stomach:
        size = anatomy.stomach
        centre = (0.46, anatomy.left_dome + 0.09 + size * 0.62)
        radius = ellipse_radius(across, down, centre, (size * 1.35, size * 0.62))
        gas = np.maximum(gas, 7.0 * dome(radius))
    return gas


def vessel_tree(anatomy: Anatomy, frame: Frame) -> np.ndarray:
    """Branching lung vessels in cm of blood, float32 (size, size), thinning to the edge."""
    rng = np.random.default_rng(anatomy.vessel_seed)
    starts, ends, widths = grow_branches(rng)
    canvas = frame.canvas()
    for level in reversed(range(len(widths))):
        segments = np.stack([starts[level], ends[level]], axis=1)
        fade = min(1.0, widths[level] * frame.unit)  # thinner than a pixel: fainter, not thicker
        frame.curves(canvas, segments, widths[level], min(1.0, fade * (0.26 + 12 * widths[level])))
    blurred = cv2.GaussianBlur(canvas, (0, 0), 0.004 * frame.size)
    return blurred * np.float32(1.6 / 255)


def grow_branches(rng: np.random.Generator) -> tuple[list, list, list[float]]:
    """Vessel segments by level, both lungs: starts and ends (N, 2) in patient units, and widths."""
    fan = np.linspace(-1.45, 1.45, 9)
    heading = np.concatenate([fan, np.pi - fan]) + rng.normal(0, 0.2, 18)
    side = np.repeat([1.0, -1.0], 9)
    tips = np.stack([side * rng.uniform(0.12, 0.24, 18), rng.normal(0.04, 0.08, 18)], axis=1)
    starts, ends, widths, width, reach = [], [], [], 0.046, 0.17
    for _ in range(6):
        length = reach * rng.uniform(0.65, 1.35, len(heading))
        grown = tips + length[:, None] * np.stack([np.cos(heading), np.sin(heading)], axis=1)
        starts.append(tips)
        ends.append(grown)
        widths.append(width)
        spread = rng.uniform(0.05, 0.75, len(heading))
        heading = np.concatenate([heading - spread, heading + spread])
        tips = np.concatenate([grown, grown])
        width, reach = width * 0.74, reach * 0.92
    return starts, ends, widths
