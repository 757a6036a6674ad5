"""What the predictor says of one file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Prediction:
    """One file's result; for a file turned away only `reason` says more.

    file: the name the caller gave.
    accepted: whether a class was given.
    reason: why not, one sentence; None for an accepted film.
    label: the most probable class.
    probabilities: class -> calibrated probability, adding up to 1; in the model's order.
    confidence: the probability of `label`.
    stamp: what the audits said of the run ("not audited", "audit passed", "audit failed: ...").
    milliseconds: from bytes to result.
    notes: what was done to the film on the way, one sentence each.
    tags: of a DICOM file, the few tags that name nobody.
    film: the film as read, uint8 (H, W).
    saliency: Grad-CAM maps, float32 (h, w, C), classes in the order of `probabilities`.
    """

    file: str
    accepted: bool
    reason: str | None
    label: str | None
    probabilities: dict[str, float]
    confidence: float | None
    stamp: str
    milliseconds: float
    notes: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    film: np.ndarray | None = field(default=None, repr=False, compare=False)
    saliency: np.ndarray | None = field(default=None, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Plain values for one line of JSON; no pixels."""
        confidence = None if self.confidence is None else round(self.confidence, 6)
        return {
            "file": self.file,
            "accepted": self.accepted,
            "reason": None if self.reason is None else str(self.reason),
            "label": self.label,
            "probabilities": {name: round(p, 6) for name, p in self.probabilities.items()},
            "confidence": confidence,
            "stamp": self.stamp,
            "milliseconds": round(self.milliseconds, 2),
            "notes": [str(note) for note in self.notes],
        }

    def saliency_of(self, label: str) -> np.ndarray | None:
        """The map (h, w) of one class, scaled to 0..1; None where the model gives none."""
        if self.saliency is None or label not in self.probabilities:
            return None
        found = self.saliency[..., list(self.probabilities).index(label)]
        return found / max(float(found.max()), 1e-9)
