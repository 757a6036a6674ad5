"""Train and test a recipe fold by fold; a fold that was interrupted goes on, a done one is kept."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.core.params import Parameters
from helpers.data.splits import assign_splits
from helpers.model.architectures import build
from helpers.model.backend import keras, prepare_device
from helpers.model.films import LabelledFilms
from helpers.model.history import Progress, Training
from helpers.model.inference import BATCH, predict
from helpers.model.optimizers import make_optimizer
from helpers.model.training import fit
from helpers.model.weights import load_weights


@dataclass(frozen=True)
class FoldOutcome:
    """One fold's test films and what training cost.

    rows: (T,) positions of the test films; probabilities: (T, C);
    seconds_per_epoch: the quickest, since other work on the machine only ever adds time;
    milliseconds_per_film: Keras, in batches.
    """

    rows: np.ndarray
    probabilities: np.ndarray
    training: Training
    parameters: int
    seconds_per_epoch: float
    milliseconds_per_film: float
    precision: str


def split_fold(
    films: pd.DataFrame,
    settings: Parameters,
    fold: int,
    by: str,
    same: Iterable[tuple[int, int]] = (),
) -> pd.DataFrame:
    """The splits of one fold, every protocol and recipe alike.

    A recipe that chooses nothing by validation (the last epoch is kept, nothing stops early)
    trains on the validation films too, as its report would have.
    """
    splits = assign_splits(
        films, folds=settings.folds, test_fold=fold, seed=settings.seed, by=by, same=same
    )
    if not chooses_by_validation(settings):
        splits["split"] = splits["split"].replace("validation", "train")
    return splits


def chooses_by_validation(settings: Parameters) -> bool:
    """Whether anything in the recipe looks at the validation films."""
    stops = settings.patience is not None or settings.stop_at_accuracy is not None
    return stops or settings.best_by != "last_epoch"


def train_fold(
    films: LabelledFilms,
    settings: Parameters,
    folder: Path,
    on_progress: Callable[[Progress], None] | None = None,
) -> FoldOutcome | None:
    """Train on `films`' train split and predict its test split; None if the time budget ended.

    Run it again with the same folder to go on. Raises SuiteError as `fit` does.
    """
    keras.backend.clear_session()
    device = prepare_device(
        settings.seed, deterministic=settings.deterministic, mixed=settings.mixed_precision
    )
    model = build(settings.architecture, films.classes, settings.image_size)
    load_weights(model, settings.weights)
    model.compile(
        optimizer=make_optimizer(settings, films.count("train")),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=settings.xla,
    )
    training = fit(model, films, settings, folder, on_progress)
    if not training.finished:
        return None
    rows = films.rows("test")
    options = {"mirrored": settings.mirror_at_test, "head": training.head}
    predict(model, films.images[rows[:BATCH]], **options)  # compiles outside the clock
    began = time.perf_counter()
    probabilities = predict(model, films.images[rows], **options)
    seconds = time.perf_counter() - began
    return FoldOutcome(
        rows=rows,
        probabilities=probabilities,
        training=training,
        parameters=model.count_params(),
        seconds_per_epoch=float(training.history["seconds"].min()),
        milliseconds_per_film=1000 * seconds / len(rows),
        precision=device.precision,
    )
