"""One frontal film of one patient: pose, anatomy, disease and exposure put together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.data.phantoms.anatomy import Anatomy, Tissue, lay_tissue
from helpers.data.phantoms.geometry import Frame, ramp, smooth_noise
from helpers.data.phantoms.pathology import (
    VISIBLE_SHARE,
    Consolidation,
    GroundGlass,
    fill_ground_glass,
    fill_lobe,
)
from helpers.data.phantoms.projection import LUNG_AIR_SHARE, Exposure, expose
from helpers.data.phantoms.skeleton import lay_bones

Disease = GroundGlass | Consolidation | None

HEART_GROWTH = {"PA": 1.0, "AP": 1.14, "AP Supine": 1.22}
UNEVEN_CM = 0.4  # folds of muscle and fat that no two patients share
BLADES_APART = {"PA": 0.85, "AP": 0.35, "AP Supine": 0.1}


@dataclass(frozen=True)
class Rendering:
    """A film before border and markers: density 0..1 and its two masks, each (size, size)."""

    film: np.ndarray
    lung_mask: np.ndarray
    opacity_mask: np.ndarray


def sample_frame(rng: np.random.Generator, view: str, size: int) -> Frame:
    """How the patient stands or lies on this film; a portable film is less straight."""
    portable = view != "PA"
    return Frame(
        size=size,
        scale=0.41 * float(np.exp(rng.normal(0, 0.05))),
        angle=float(rng.normal(0, 0.05 if portable else 0.025)),
        offset=(float(rng.normal(0, 0.02)), float(rng.normal(0.0, 0.025))),
        yaw=float(rng.normal(0, 0.12 if portable else 0.06)),
    )


def render_frontal(
    anatomy: Anatomy,
    disease: Disease,
    view: str,
    severity: float,
    size: int,
    rng: np.random.Generator,
) -> Rendering:
    """Project one patient onto a frontal film (view PA, AP or AP Supine)."""
    frame = sample_frame(rng, view, size)
    tissue = lay_tissue(anatomy, frame, HEART_GROWTH[view])
    bones = lay_bones(anatomy, frame, tissue, BLADES_APART[view])
    exposure = Exposure.sample(rng, portable=view != "PA")
    share = _filled_share(disease, frame, tissue, rng, severity)
    aerated = tissue.air * (np.float32(LUNG_AIR_SHARE) * (1 - share))
    uneven = UNEVEN_CM * smooth_noise(rng, size, 3)
    body = tissue.body + uneven * ramp(tissue.body - 5, 5)
    soft = np.maximum(body - aerated - tissue.gas + tissue.vessels, 0)
    film = expose(soft, bones, exposure, rng)
    return Rendering(film, tissue.lung_mask, (share > VISIBLE_SHARE) & tissue.lung_mask)


def _filled_share(
    disease: Disease, frame: Frame, tissue: Tissue, rng: np.random.Generator, severity: float
) -> np.ndarray:
    """How much of the air in each pixel's lung is filled, at most all of it."""
    if isinstance(disease, GroundGlass):
        share = fill_ground_glass(disease, frame, rng, severity)
    elif isinstance(disease, Consolidation):
        share = fill_lobe(disease, frame, tissue, rng, severity)
    else:
        return np.zeros((frame.size, frame.size), np.float32)
    return np.clip(share, 0, 1)
