"""The one engine behind panel, command line and server: a film's bytes to a `Prediction`.

No TensorFlow: training wrote a light model that LiteRT runs. What lies in the run's `model/` folder
decides the rest: how films are prepared, the classes, calibration, and the gate that turns away
what is no frontal chest film.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from helpers.core.errors import MissingInputError, SuiteError
from helpers.data.images import DecodedFilm, UnreadableFilmError, decode_film, prepare_film
from helpers.data.remarks import Remark
from helpers.model.calibration import apply_temperature
from helpers.model.engines import Engine, KerasEngine, LightEngine
from helpers.model.prediction import Prediction

__all__ = ["Prediction", "Predictor"]

GATE_FILES = ("gate.skops", "gate.json")
CHUNK = 32  # films in one pass: enough to be quick, few enough to keep memory flat


class Gate(Protocol):
    """What the predictor asks of a gate; `helpers.model.gate` fits one for each run."""

    def check(self, pixels: np.ndarray) -> Any:
        """A verdict with accepted, reason, corrected_pixels (or None) and note (or None)."""


@dataclass(frozen=True)
class Predictor:
    """A trained model ready to predict; safe to use from several threads.

    classes: names in the order of the probabilities.
    image_size, enhancement: how films are prepared.
    stamp: what the audits said of the run.
    temperature: divides the logits; None leaves the network's own probabilities.
    mirrored: the mean over each film and its mirror image is taken, as in testing.
    notes: what holds for every prediction, such as a fallback.
    """

    engine: Engine
    classes: tuple[str, ...]
    image_size: int
    enhancement: str = "none"
    stamp: str = "not audited"
    temperature: float | None = None
    gate: Gate | None = None
    mirrored: bool = False
    notes: tuple[str, ...] = ()

    @classmethod
    def load(cls, folder: Path | str, interpreters: int = 0) -> "Predictor":
        """Read a run folder; `interpreters` bounds how many films are computed at once.

        Raises MissingInputError for a run without model, SuiteError for one that is damaged.
        """
        folder = Path(folder)
        engine, notes = _engine(folder, interpreters)
        classes = tuple(_read(folder, "model/labels.json"))
        preprocessing = _read(folder, "model/preprocessing.json")
        if len(classes) != engine.outputs or list(classes) != list(
            preprocessing.get("classes", classes)
        ):
            raise SuiteError(
                f"outputs/{folder.name}/model/labels.json does not fit the model beside it "
                f"({len(classes)} names, {engine.outputs} outputs): run 04_train again."
            )
        return cls(
            engine=engine,
            classes=classes,
            image_size=int(preprocessing["image_size"]),
            enhancement=preprocessing.get("enhancement", "none"),
            stamp=audit_stamp(_read(folder, "run.json", {})),
            temperature=_read(folder, "model/calibration.json", {}).get("temperature"),
            gate=_gate(folder),
            mirrored=bool(preprocessing.get("mirror_at_test", False)),
            notes=notes,
        )

    def predict_bytes(self, data: bytes | memoryview, file: str = "film") -> Prediction:
        """Predict one file; a bad one gives a Prediction with its reason, never an exception."""
        start = time.perf_counter()
        try:
            film = decode_film(data)
        except UnreadableFilmError as error:
            return self.turned_away(file, error.remark, start)
        return self._predict(film, file, start)

    def predict_film(self, pixels: np.ndarray, file: str = "film") -> Prediction:
        """Predict one decoded film, uint8 (H, W), as `predict_bytes` does after decoding."""
        film = DecodedFilm(pixels, *pixels.shape[::-1], ())
        return self._predict(film, file, time.perf_counter())

    def predict_pixels(
        self, films: np.ndarray, calibrated: bool = True
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Predict prepared films, uint8 (N, S, S), in passes of a few.

        Returns probabilities float64 (N, C) and Grad-CAM maps float32 (N, h, w, C) or None.
        `calibrated=False` gives the network's own probabilities, as fitting a temperature needs.
        """
        starts = range(0, len(films), CHUNK)
        chunks = [self._pass(films[start : start + CHUNK]) for start in starts]
        probabilities = np.concatenate([chunk[0] for chunk in chunks]).astype(np.float64)
        if calibrated and self.temperature is not None:
            probabilities = apply_temperature(probabilities, self.temperature)
        maps = [chunk[1] for chunk in chunks]
        return probabilities, None if maps[0] is None else np.concatenate(maps)

    def _pass(self, films: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """One pass of a few films, or the mean of two with their mirror images."""
        prepared = films.astype(np.float32)[..., None]
        probabilities, maps = self.engine(prepared)
        if not self.mirrored:
            return probabilities, maps
        mirrored, mirrored_maps = self.engine(np.ascontiguousarray(prepared[:, :, ::-1]))
        both = None if maps is None else (maps + mirrored_maps[:, :, ::-1]) / 2
        return (probabilities + mirrored) / 2, both

    def _predict(self, film: DecodedFilm, file: str, start: float) -> Prediction:
        if self.gate is not None:
            verdict = self.gate.check(film.pixels)
            if not verdict.accepted:
                return self.turned_away(file, verdict.reason, start, film)
            film = _corrected(film, verdict)
        prepared = prepare_film(film.pixels, self.image_size, self.enhancement)
        probabilities, maps = self.predict_pixels(prepared[None])
        best = int(probabilities[0].argmax())
        return Prediction(
            file=file,
            accepted=True,
            reason=None,
            label=self.classes[best],
            probabilities=dict(zip(self.classes, probabilities[0].tolist(), strict=True)),
            confidence=float(probabilities[0, best]),
            stamp=self.stamp,
            milliseconds=_since(start),
            notes=film.notes + self.notes,
            tags=film.tags,
            film=film.pixels,
            saliency=None if maps is None else maps[0],
        )

    def turned_away(
        self, file: str, reason: str, start: float | None = None, film: DecodedFilm | None = None
    ) -> Prediction:
        """The result of a file that gets no class; `start` is when work on it began."""
        return Prediction(
            file=file,
            accepted=False,
            reason=reason,
            label=None,
            probabilities={},
            confidence=None,
            stamp=self.stamp,
            milliseconds=_since(start),
            notes=film.notes if film else (),
            tags=film.tags if film else {},
            film=film.pixels if film else None,
        )


def _corrected(film: DecodedFilm, verdict: Any) -> DecodedFilm:
    """The film as the gate mended it (an inverted one turned), with the gate's note."""
    notes = film.notes + ((verdict.note,) if verdict.note else ())
    pixels = film.pixels if verdict.corrected_pixels is None else verdict.corrected_pixels
    return film._replace(pixels=pixels, notes=notes)


def audit_stamp(facts: dict[str, Any]) -> str:
    """The stamp of run.json's facts: `not audited`, `audit passed`, or what failed."""
    audit = facts.get("audit")
    if not isinstance(audit, dict) or "passed" not in audit:
        return "not audited"
    if audit["passed"]:
        return "audit passed"
    findings = [_finding(finding) for finding in audit.get("findings", [])]
    return "audit failed" + (": " + ", ".join(findings) if findings else "")


def _finding(finding: Any) -> str:
    return str(finding.get("name", "finding") if isinstance(finding, dict) else finding)


def _engine(folder: Path, interpreters: int) -> tuple[Engine, tuple[str, ...]]:
    """The light model, or the Keras model with a note where only that exists."""
    light, whole = folder / "model/model.tflite", folder / "model/model.keras"
    if light.exists():
        return LightEngine(light, interpreters), ()
    if whole.exists():
        return KerasEngine(whole), (Remark("fallback"),)
    raise MissingInputError(
        f"Run '{folder.name}' has no model yet (outputs/{folder.name}/model/model.tflite): "
        "run 04_train first."
    )


def _gate(folder: Path) -> Gate | None:
    """The gate that the run fitted, if any."""
    for name in GATE_FILES:
        if (folder / "model" / name).exists():
            from helpers.model.gate import Gate as FittedGate

            return FittedGate.load(folder / "model" / name)
    return None


def _read(folder: Path, name: str, default: Any = None) -> Any:
    """A JSON file of the run; `default` (unless None) stands in for a missing one."""
    path = folder / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if default is not None:
            return default
        raise MissingInputError(
            f"outputs/{folder.name}/{name} does not exist yet: run 04_train first."
        ) from None
    except ValueError as error:
        raise SuiteError(
            f"outputs/{folder.name}/{name} is damaged ({error}): run 04_train again."
        ) from error


def _since(start: float | None) -> float:
    return 0.0 if start is None else (time.perf_counter() - start) * 1000
