"""Train a compiled network on a run's films, epoch by epoch, so that nothing is ever lost.

Between epochs the state goes to disk. What an epoch shows the network, and every random number
inside it, follows from the seed and the epoch's number alone. So a training killed at any moment
goes on from its last whole epoch, and with `deterministic` on reaches the very same weights as one
that was never disturbed.
"""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.core.errors import SuiteError
from helpers.core.params import Parameters
from helpers.core.runs import replacing
from helpers.model.backend import keras
from helpers.model.batches import EpochBatches, train_epoch
from helpers.model.checkpoints import Checkpoint, Checkpoints, restore
from helpers.model.features import fit_on_features
from helpers.model.films import LabelledFilms
from helpers.model.heads import SOFTMAX
from helpers.model.history import Progress, State, Training, reason_to_stop
from helpers.model.inference import predict
from helpers.model.scores import score_validation
from helpers.model.tensorboard import write_scalars

# What must be equal for a training to go on from a checkpoint; display and budget may differ.
_IDENTITY = (
    *("architecture", "image_size", "epochs", "batch_size", "learning_rate", "seed", "weights"),
    *("head", "optimizer", "weight_decay", "schedule", "class_weights", "label_smoothing", "mixup"),
    *("augment_flip", "augment_rotation", "augment_shift", "augment_zoom", "augment_shear"),
    *("augment_brightness", "best_by", "deterministic", "mixed_precision"),
)


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
    if settings.head != SOFTMAX:
        training = fit_on_features(model, films, settings)
        _write_history(folder, training.history, settings)
        return _concluded(training, folder)
    started = time.monotonic()
    checkpoints = Checkpoints(folder / "checkpoints")
    fingerprint = _fingerprint(films, settings)
    state = _resume(model, checkpoints, fingerprint)
    resumed_from = state.epoch
    watch = _Watch(settings, started, on_progress)
    ending = reason_to_stop(state, settings)
    while ending is None:
        try:
            row = _one_epoch(model, films, settings, state, watch)
        except _TimeIsUp:
            ending = "the time budget ended"
            break
        state.add(row, settings.best_by)
        facts = {"fingerprint": fingerprint, "rows": state.rows, "best_epoch": state.best_epoch}
        checkpoints.save(model, state.epoch, facts)
        _write_history(folder, pd.DataFrame(state.rows), settings)
        ending = reason_to_stop(state, settings)
    finished = reason_to_stop(state, settings) is not None
    _load_best(model, checkpoints, state)
    training = Training(
        history=pd.DataFrame(state.rows),
        best_epoch=state.best_epoch,
        ending=ending,
        finished=finished,
        resumed_from=resumed_from,
        seconds=time.monotonic() - started,
        remarks=tuple(checkpoints.remarks),
    )
    return _concluded(training, folder)


def _concluded(training: Training, folder: Path) -> Training:
    """Leave training.json where nothing is left to train; without it a run trains on."""
    path = folder / "training.json"
    if training.finished:
        facts = {"ending": training.ending, "best_epoch": training.best_epoch}
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)
    return training


def _one_epoch(
    model: keras.Model, films: LabelledFilms, settings: Parameters, state: State, watch: "_Watch"
) -> dict[str, float]:
    """Train one epoch and score it; the row of the history."""
    began = time.monotonic()
    _reseed(model, settings.seed, state.epoch)
    batches = EpochBatches(films, settings, state.epoch)
    watch.begin(state, len(batches))
    logs = train_epoch(model, batches, watch.after_batch)
    row = {"epoch": state.epoch + 1, **logs}
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


class _Watch:
    """Between batches: ends an epoch that would overrun the budget, and reports progress."""

    def __init__(self, settings: Parameters, started: float, on_progress: Callable | None):
        minutes = settings.time_budget_minutes
        self._deadline = math.inf if minutes is None else started + 60 * minutes
        self._epochs, self._report = settings.epochs, on_progress

    def begin(self, state: State, steps: int) -> None:
        self._state, self._steps = state, steps

    def after_batch(self, done: int) -> None:
        if time.monotonic() > self._deadline:
            raise _TimeIsUp
        if self._report is not None:
            rows = tuple(self._state.rows)
            self._report(Progress(self._state.epoch + 1, self._epochs, done, self._steps, rows))


def _resume(model: keras.Model, checkpoints: Checkpoints, fingerprint: dict[str, object]) -> State:
    checkpoint = checkpoints.latest(fingerprint)
    if checkpoint is None:
        return State()
    restore(model, checkpoint)
    return _state_of(checkpoint)


def _state_of(checkpoint: Checkpoint) -> State:
    return State(list(checkpoint.facts["rows"]), int(checkpoint.facts["best_epoch"]))


def _load_best(model: keras.Model, checkpoints: Checkpoints, state: State) -> None:
    if not state.epoch:
        raise SuiteError(
            "The time budget ended before the first epoch did; raise time_budget_minutes, or "
            "lower image_size or the number of films."
        )
    best = checkpoints.read(state.best_epoch) or checkpoints.read(state.epoch)
    if best is not None:
        restore(model, best)


def _reseed(model: keras.Model, seed: int, epoch: int) -> None:
    """Give dropout's generators the state that belongs to this epoch."""
    generators = [v for v in model.non_trainable_variables if "seed_generator" in v.path]
    for index, variable in enumerate(generators):
        state = np.random.SeedSequence([seed, epoch, index]).generate_state(2)
        variable.assign(state.astype(np.uint32) // 2)


def _fingerprint(films: LabelledFilms, settings: Parameters) -> dict[str, object]:
    named = {name: getattr(settings, name) for name in _IDENTITY}
    return {**named, "classes": list(films.classes), "films": films.digest()}


def _write_history(folder: Path, history: pd.DataFrame, settings: Parameters) -> None:
    with replacing(folder / "history.csv") as temporary:
        history.to_csv(temporary, index=False)
    if settings.tensorboard:
        write_scalars(folder / "logs", history.iloc[-1].to_dict())


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
