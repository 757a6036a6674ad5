"""Train a compiled network on a run's films, epoch by epoch, so that nothing is ever lost.

Every epoch is one call of Keras's own `fit`; between epochs the state goes to disk. What an epoch
shows the network, and every random number inside it, follows from the seed and the epoch's number
alone. So a training killed at any moment goes on from its last whole epoch, and with
`deterministic` on reaches the very same weights as one that was never disturbed.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.core.errors import SuiteError
from helpers.core.params import Parameters
from helpers.core.runs import replacing
from helpers.model.backend import keras
from helpers.model.batches import EpochBatches
from helpers.model.checkpoints import Checkpoint, Checkpoints, restore
from helpers.model.films import LabelledFilms
from helpers.model.scores import score_validation
from helpers.model.tensorboard import write_scalars

# What must be equal for a training to go on from a checkpoint; display and budget may differ.
_IDENTITY = (
    *("architecture", "image_size", "epochs", "batch_size", "learning_rate", "seed", "weights"),
    *("optimizer", "weight_decay", "schedule", "class_weights", "label_smoothing", "mixup"),
    *("augment_flip", "augment_rotation", "augment_shift", "augment_zoom", "augment_shear"),
    *("augment_brightness", "best_by", "deterministic", "mixed_precision"),
)


@dataclass(frozen=True)
class Progress:
    """What a live display needs: where training is, and the history so far (a row an epoch)."""

    epoch: int
    epochs: int
    step: int
    steps: int
    rows: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Training:
    """How a training went; the model then holds the weights of `best_epoch`.

    history: columns epoch, loss, accuracy, val_loss, val_accuracy, val_macro_f1, seconds;
    finished: False when the time budget ended it, the next run then goes on;
    resumed_from: epochs that an earlier run had done already; remarks: sentences to show.
    """

    history: pd.DataFrame
    best_epoch: int
    ending: str
    finished: bool
    resumed_from: int
    seconds: float
    remarks: tuple[str, ...]


@dataclass
class _State:
    """The moving parts of a training under way."""

    rows: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0

    @property
    def epoch(self) -> int:
        return len(self.rows)

    def add(self, row: dict[str, float], best_by: str) -> None:
        self.rows.append(row)
        if not self.best_epoch or _is_better(row, self.rows[self.best_epoch - 1], best_by):
            self.best_epoch = self.epoch


class _TimeIsUp(Exception):
    """Raised inside an epoch when the budget ends; the unfinished epoch is given up."""


def fit(
    model: keras.Model,
    films: LabelledFilms,
    settings: Parameters,
    folder: Path,
    on_progress: Callable[[Progress], None] | None = None,
) -> Training:
    """Train `model` (compiled, one-hot labels) on the training films; choose by validation.

    Args:
        model: a network of the registry; afterwards it holds the best epoch's weights.
        films: pixels, labels and splits; its test films are not looked at.
        settings: epochs, batch size, augmentation, early stop, time budget and the rest.
        folder: the run's `model/` folder, for `checkpoints/` and `history.csv`.
        on_progress: called after every batch and epoch.

    Raises:
        SuiteError: films that do not fit the network, fewer than two classes to train on, a loss
            that is no longer a number, or a budget too short for one epoch.
    """
    _check_films(model, films)
    started = time.monotonic()
    checkpoints = Checkpoints(folder / "checkpoints")
    fingerprint = _fingerprint(films, settings)
    state = _resume(model, checkpoints, fingerprint)
    resumed_from = state.epoch
    watch = _Watch(settings, started, on_progress)
    ending = _reason_to_stop(state, settings)
    while ending is None:
        try:
            row = _one_epoch(model, films, settings, state, watch)
        except _TimeIsUp:
            ending = "the time budget ended"
            break
        state.add(row, settings.best_by)
        facts = {"fingerprint": fingerprint, "rows": state.rows, "best_epoch": state.best_epoch}
        checkpoints.save(model, state.epoch, facts)
        _write_history(folder, state, settings)
        ending = _reason_to_stop(state, settings)
    finished = _reason_to_stop(state, settings) is not None
    _load_best(model, checkpoints, state)
    return Training(
        history=pd.DataFrame(state.rows),
        best_epoch=state.best_epoch,
        ending=ending,
        finished=finished,
        resumed_from=resumed_from,
        seconds=time.monotonic() - started,
        remarks=tuple(checkpoints.remarks),
    )


def predict(
    model: keras.Model, images: np.ndarray, batch_size: int = 64, *, mirrored: bool = False
) -> np.ndarray:
    """Class probabilities of films: uint8 (N, S, S) in, float32 (N, C) out.

    mirrored: the mean over each film and its mirror image.
    """
    parts = []
    for start in range(0, len(images), batch_size):
        films = np.asarray(images[start : start + batch_size])[..., None]
        size = min(batch_size, len(images))
        found = _predict_padded(model, films, size)
        if mirrored:
            found = (found + _predict_padded(model, films[:, :, ::-1], size)) / 2
        parts.append(found)
    return np.concatenate(parts)


def _predict_padded(model: keras.Model, films: np.ndarray, batch_size: int) -> np.ndarray:
    """Predict one batch. Keras compiles anew for every batch size, so a short one is filled up."""
    filled = np.zeros((batch_size, *films.shape[1:]), films.dtype)
    filled[: len(films)] = films
    return keras.ops.convert_to_numpy(model.predict_on_batch(filled))[: len(films)]


def _one_epoch(
    model: keras.Model, films: LabelledFilms, settings: Parameters, state: _State, watch: "_Watch"
) -> dict[str, float]:
    """Train one epoch and score it; the row of the history."""
    began = time.monotonic()
    _reseed(model, settings.seed, state.epoch)
    batches = EpochBatches(films, settings, state.epoch)
    watch.begin(state, len(batches))
    logs = model.fit(batches, shuffle=False, verbose=0, callbacks=[watch]).history
    row = {"epoch": state.epoch + 1, **{name: float(values[-1]) for name, values in logs.items()}}
    if not math.isfinite(row["loss"]):
        kept = (
            f"the checkpoint of epoch {state.epoch} is kept" if state.epoch else "nothing is lost"
        )
        raise SuiteError(
            f"The loss was no longer a number in epoch {state.epoch + 1} and training stopped; "
            f"{kept}. Lower learning_rate (now {settings.learning_rate:g}) and run again."
        )
    chosen = films.rows("validation")
    if len(chosen):
        probabilities = predict(model, films.images[chosen], settings.batch_size)
        row |= score_validation(films.codes[chosen], probabilities)
    return row | {"seconds": round(time.monotonic() - began, 3)}


class _Watch(keras.callbacks.Callback):
    """Between batches: ends an epoch that would overrun the budget, and reports progress."""

    def __init__(self, settings: Parameters, started: float, on_progress: Callable | None):
        super().__init__()
        minutes = settings.time_budget_minutes
        self._deadline = math.inf if minutes is None else started + 60 * minutes
        self._epochs, self._report = settings.epochs, on_progress

    def begin(self, state: _State, steps: int) -> None:
        self._state, self._steps = state, steps

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if time.monotonic() > self._deadline:
            raise _TimeIsUp
        if self._report is not None:
            rows = tuple(self._state.rows)
            self._report(
                Progress(self._state.epoch + 1, self._epochs, batch + 1, self._steps, rows)
            )


def _resume(model: keras.Model, checkpoints: Checkpoints, fingerprint: dict[str, object]) -> _State:
    checkpoint = checkpoints.latest(fingerprint)
    if checkpoint is None:
        return _State()
    restore(model, checkpoint)
    return _state_of(checkpoint)


def _state_of(checkpoint: Checkpoint) -> _State:
    return _State(list(checkpoint.facts["rows"]), int(checkpoint.facts["best_epoch"]))


def _load_best(model: keras.Model, checkpoints: Checkpoints, state: _State) -> None:
    if not state.epoch:
        raise SuiteError(
            "The time budget ended before the first epoch did; raise time_budget_minutes, or "
            "lower image_size or the number of films."
        )
    best = checkpoints.read(state.best_epoch) or checkpoints.read(state.epoch)
    if best is not None:
        restore(model, best)


def _reason_to_stop(state: _State, settings: Parameters) -> str | None:
    """Why no further epoch is needed, a function of the history alone, or None."""
    if state.epoch >= settings.epochs:
        return f"all {settings.epochs} epochs are done"
    if not state.epoch:
        return None
    reached = state.rows[-1].get("val_accuracy", 0.0)
    if settings.stop_at_accuracy is not None and reached >= settings.stop_at_accuracy:
        return f"the validation accuracy reached {settings.stop_at_accuracy:g}"
    if settings.patience is not None and state.epoch - state.best_epoch >= settings.patience:
        return f"no better epoch in {settings.patience}"
    return None


def _is_better(row: dict[str, float], best: dict[str, float], best_by: str) -> bool:
    if best_by == "last_epoch" or best_by not in row:
        return True
    sign = -1 if best_by == "val_loss" else 1
    return sign * row[best_by] > sign * best[best_by]


def _reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Give dropout's generators the state that belongs to this epoch."""
    generators = [v for v in model.non_trainable_variables if "seed_generator" in v.path]
    for index, variable in enumerate(generators):
        state = np.random.SeedSequence([seed, epoch, index]).generate_state(2)
        variable.assign(state.astype(np.uint32) // 2)


def _fingerprint(films: LabelledFilms, settings: Parameters) -> dict[str, object]:
    named = {name: getattr(settings, name) for name in _IDENTITY}
    return {**named, "classes": list(films.classes), "films": films.digest()}


def _write_history(folder: Path, state: _State, settings: Parameters) -> None:
    with replacing(folder / "history.csv") as temporary:
        pd.DataFrame(state.rows).to_csv(temporary, index=False)
    if settings.tensorboard:
        write_scalars(folder / "logs", state.rows[-1])


def _check_films(model: keras.Model, films: LabelledFilms) -> None:
    side = films.images.shape[1]
    if tuple(model.input_shape[1:3]) != tuple(films.images.shape[1:3]):
        raise SuiteError(
            f"The films are {side} pixels wide and the network takes {model.input_shape[1]}; "
            "run 03_preprocess with the same image_size."
        )
    present = np.unique(films.codes[films.rows("train")])
    if len(present) < 2:
        raise SuiteError(
            f"The training split holds {len(present)} class; a network needs at least two: "
            "check class_map and the splits of 03_preprocess."
        )
