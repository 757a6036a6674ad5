"""Is this a frontal chest film at all? A small gate in front of the network.

A network answers whatever it is shown: a photograph gets a diagnosis too. So each run fits a gate
on its own training films, on generated films, and on generated pictures that are no frontal film
(photographs, charts, CT slices, lateral views, blanks): a logistic regression on about 240 plain
features. It is stored as JSON numbers, needs nothing but NumPy and OpenCV, and takes a few
milliseconds. A negative (bones black) is turned positive and accepted with a note.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from helpers.core.errors import SuiteError
from helpers.core.runs import replacing
from helpers.data.remarks import Remark
from helpers.model.gate_features import FEATURES, gate_features, grey_span

FRONTAL, NEGATIVE = "frontal film", "negative"
HELPERS = {"non_films": 420, "films": 150}  # generated beside the run's own films
SMALLEST_SIDE, LARGEST_RATIO, BLANK_SPAN = 32, 3.0, 8.0
_VERSION = 1
_ARRAYS = ("centre", "scale", "weights", "offsets", "middle", "directions", "spreads")
# What each kind of picture is told: codes of helpers.data.remarks.
_REASONS = {
    "lateral film": "lateral_film",
    "CT slice": "ct_slice",
    "photograph": "photograph",
    "bar chart": "chart",
    "line chart": "chart",
    "text page": "text_page",
    "blank": "blank",
}
_OTHER = "no_frontal_film"


@dataclass(frozen=True)
class GateVerdict:
    """What the gate says of one picture.

    accepted: whether the model may see it; reason: why not, one sentence, or None.
    corrected_pixels: the film turned positive, uint8 (H, W), or None if it is right as it is.
    note: what was done, one sentence, or None.
    """

    accepted: bool
    reason: str | None = None
    corrected_pixels: np.ndarray | None = None
    note: str | None = None


@dataclass(frozen=True)
class Gate:
    """A fitted gate; F features, K kinds.

    kinds: what the rows of `weights` (K, F) and `offsets` (K,) stand for; `centre` and `scale` (F,)
    bring features to a common size; a picture is accepted if its probability of being a frontal
    film reaches `threshold` and its distance from the run's own films stays below `farthest`
    (`directions` (D, F) and `spreads` (D + 1,): their principal directions, how far films spread
    along each and beside all of them). errors: cross-validated shares by kind, for the report.
    """

    kinds: tuple[str, ...]
    centre: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    threshold: float
    middle: np.ndarray
    directions: np.ndarray
    spreads: np.ndarray
    farthest: float
    errors: dict[str, dict[str, float]] = field(default_factory=dict)

    def check(self, pixels: np.ndarray) -> GateVerdict:
        """Judge one decoded picture, uint8 (H, W)."""
        reason = _plainly_wrong(pixels)
        if reason:
            return GateVerdict(False, reason)
        features = gate_features(pixels)[None]
        if self.accepts(features)[0]:
            return GateVerdict(True)
        shares, turned = self.shares(features)[0], 255 - pixels
        if self.kinds[shares.argmax()] == NEGATIVE and self.accepts(gate_features(turned)[None])[0]:
            return GateVerdict(True, corrected_pixels=turned, note=Remark("inverted"))
        return GateVerdict(False, self._reason(shares))

    def accepts(self, features: np.ndarray) -> np.ndarray:
        """Whether pictures with these features (N, F) pass both tests: bool (N,)."""
        likely = self.shares(features)[:, self.kinds.index(FRONTAL)] >= self.threshold
        return likely & (self.distances(features) <= self.farthest)

    def shares(self, features: np.ndarray) -> np.ndarray:
        """Probability of each kind, (N, K), for features (N, F)."""
        scores = (features - self.centre) / self.scale @ self.weights.T + self.offsets
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def distances(self, features: np.ndarray) -> np.ndarray:
        """Distance from the run's own films, (N,); they themselves lie about 2 away."""
        offset = (features - self.centre) / self.scale - self.middle
        along = offset @ self.directions.T
        beside = offset - along @ self.directions
        inside = ((along / self.spreads[:-1]) ** 2).mean(axis=1)
        return inside + (beside**2).mean(axis=1) / self.spreads[-1]

    def _reason(self, shares: np.ndarray) -> str:
        others = {
            kind: share
            for kind, share in zip(self.kinds, shares, strict=True)
            if kind not in (FRONTAL, NEGATIVE)
        }
        kind = max(others, key=others.get)
        # A kind is named only if it is likelier than a frontal film and all other kinds together.
        named = others[kind] > max(sum(others.values()) / 2, shares[self.kinds.index(FRONTAL)])
        return Remark(_REASONS.get(kind, _OTHER) if named else _OTHER)

    def save(self, path: Path) -> Path:
        """Write the gate as JSON."""
        facts = {"version": _VERSION, "features": FEATURES, "kinds": list(self.kinds)}
        facts |= {"threshold": self.threshold, "farthest": self.farthest, "errors": self.errors}
        for name in _ARRAYS:
            facts[name] = np.asarray(getattr(self, name)).round(6).tolist()
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(facts) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: Path) -> "Gate":
        """Read a gate; raises SuiteError for a damaged one or one of another version."""
        try:
            facts = json.loads(Path(path).read_text(encoding="utf-8"))
            return _from_facts(facts)
        except (ValueError, KeyError, TypeError) as error:
            raise SuiteError(
                f"{Path(path).name} of this run is damaged or of another version ({error}): "
                "run 04_train again."
            ) from error


def error_rates(
    gate: Gate, films: Iterable[np.ndarray], kinds: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Measure a gate on pictures it has not seen: for each kind `n` and the share `accepted`."""
    accepted: dict[str, list[bool]] = {}
    for film, kind in zip(films, kinds, strict=True):
        accepted.setdefault(kind, []).append(gate.check(film).accepted)
    return {
        k: {"n": len(found), "accepted": float(np.mean(found))} for k, found in accepted.items()
    }


def _plainly_wrong(pixels: np.ndarray) -> str | None:
    height, width = pixels.shape
    if min(height, width) < SMALLEST_SIDE:
        return Remark("too_small", width=width, height=height)
    if max(height, width) > LARGEST_RATIO * min(height, width):
        return Remark("strip", width=width, height=height)
    return Remark("blank") if grey_span(pixels) < BLANK_SPAN else None


def _from_facts(facts: dict[str, Any]) -> Gate:
    if facts["version"] != _VERSION or facts["features"] != FEATURES:
        raise ValueError(f"version {facts['version']}")
    arrays = {name: np.array(facts[name], dtype=np.float64) for name in _ARRAYS}
    kinds = tuple(facts["kinds"])
    if arrays["weights"].shape != (len(kinds), FEATURES) or FRONTAL not in kinds:
        raise ValueError("its numbers do not fit together")
    limits = {name: float(facts[name]) for name in ("threshold", "farthest")}
    return Gate(kinds=kinds, errors=facts["errors"], **limits, **arrays)
