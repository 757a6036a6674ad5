"""Train recipes fold by fold on one run's films, keep each fold's result, go on where it stopped.

Everything lies under `outputs/<run>/compare/`: prepared pixels, and for each recipe, task and
protocol a folder of folds. A fold's JSON holds its test films' probabilities, so scores and paired
differences are computed later without training anything again.
"""

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.core.errors import SuiteError, UsageError
from helpers.core.machine import cores
from helpers.core.params import Parameters, load_parameters, nearest_name
from helpers.core.provenance import git_commit, versions
from helpers.core.runs import PROJECT, Run, replacing
from helpers.data.images import decode_film, prepare_film
from helpers.data.library import FilmLibrary
from helpers.data.preprocess import look_alikes, used_films
from helpers.data.records import label_findings

RECIPES = PROJECT / "params" / "systems"
PROTOCOLS = ("patient", "image")
TASKS = ("run", "own")


@dataclass(frozen=True)
class Job:
    """One fold to train: recipe, classes (the run's or its own), way of splitting, fold."""

    system: str
    task: str
    protocol: str
    fold: int

    def folder(self, run: Run) -> Path:
        """Where the fold's result and checkpoints lie."""
        return run.path(f"compare/{self.system}/{self.task}-{self.protocol}/fold_{self.fold}")

    def result(self, run: Run) -> Path:
        """The fold's JSON, there once it is done."""
        return self.folder(run).with_suffix(".json")


def recipe_names() -> list[str]:
    """Every recipe under params/systems/."""
    return sorted(path.stem for path in RECIPES.glob("*.yml"))


def recipe(name: str) -> Parameters:
    """One recipe's parameters; an unknown name suggests the nearest (UsageError)."""
    if name not in recipe_names():
        hint = nearest_name(name, recipe_names()) or f"; there are {', '.join(recipe_names())}"
        raise UsageError(f"There is no recipe {name!r} in params/systems{hint}.")
    return load_parameters([RECIPES / f"{name}.yml"])


def jobs(
    systems: Sequence[str], tasks: Sequence[str], protocols: Sequence[str], folds: Iterable[int]
) -> list[Job]:
    """All folds in the order in which they are most useful: every system's first fold first."""
    return [
        Job(system, task, protocol, fold)
        for fold in folds
        for protocol in protocols
        for task in tasks
        for system in systems
    ]


def has_own_task(system: str, run: Run) -> bool:
    """Whether the recipe's classes are others than the run's, so that `own` is another task."""
    return recipe(system).classes != _base(run).classes


def fingerprint(job: Job, run: Run) -> dict[str, object]:
    """What a fold's result depends on; a result of another recipe or of other films is redone."""
    settings = _settings(job, run).model_dump(mode="json")
    unrelated = ("run", "bucket", "prefix", "time_budget_minutes", "results_prefix", "tensorboard")
    named = {name: value for name, value in settings.items() if name not in unrelated}
    return {"settings": named, "films": _film_digest(run)}


def is_done(job: Job, run: Run) -> bool:
    """Whether the fold's result is there and of this recipe and these films."""
    path = job.result(run)
    if not path.exists():
        return False
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return known.get("fingerprint") == fingerprint(job, run)


def run_job(
    job: Job,
    run: Run,
    *,
    minutes: float | None = None,
    on_progress: Callable | None = None,
) -> bool:
    """Train and test one fold, or go on with it; False if the time budget ended first.

    Raises:
        SuiteError: see `helpers.model.training.fit` and `helpers.model.weights.load_weights`.
    """
    from helpers.model.crossval import train_fold

    settings = _settings(job, run).model_copy(update={"time_budget_minutes": minutes})
    films, groups = _films(job, settings, run)
    outcome = train_fold(films, settings, job.folder(run), on_progress)
    if outcome is None:
        return False
    _write_result(job, run, films, groups, outcome)
    shutil.rmtree(job.folder(run) / "checkpoints", ignore_errors=True)
    return True


def _settings(job: Job, run: Run) -> Parameters:
    """The recipe, for the run's classes unless the recipe's own task is asked for."""
    settings = recipe(job.system)
    if job.task == "own":
        return settings
    base = _base(run)
    return settings.model_copy(update={"classes": base.classes, "class_map": base.class_map})


def _base(run: Run) -> Parameters:
    return load_parameters([run.require("params.yml")])


def _films(job: Job, settings: Parameters, run: Run):
    """The fold's labelled films and each film's patient group."""
    from helpers.model.crossval import split_fold
    from helpers.model.films import LabelledFilms, class_codes

    manifest = used_films(run.read_table("manifest.csv"))
    labels = label_findings(manifest["finding"], settings.class_map)
    chosen = np.flatnonzero(labels.isin(settings.classes))
    if not len(chosen):
        raise SuiteError(
            f"None of the findings of run {run.name} is in the class map of {job.system}; "
            "compare recipes on the collection they were written for."
        )
    images = _prepared(manifest, settings, run)[chosen]
    table = manifest.iloc[chosen].assign(label=labels.iloc[chosen]).reset_index(drop=True)
    position = {row: index for index, row in enumerate(chosen)}
    pairs = look_alikes(run)
    same = [
        (position[a], position[b])
        for a, b in zip(pairs["first"], pairs["second"], strict=True)
        if a in position and b in position
    ]
    splits = split_fold(table, settings, job.fold, job.protocol, same)
    by_patient = split_fold(table, settings, job.fold, "patient", same)["group"]
    films = LabelledFilms(
        images=images,
        codes=class_codes(table["label"], settings.classes),
        split=splits["split"].to_numpy(dtype=str),
        groups=by_patient.to_numpy(),
        classes=tuple(settings.classes),
        keys=table["key"].to_numpy(dtype=str),
    )
    return films, by_patient.to_numpy()


def _prepared(manifest: pd.DataFrame, settings: Parameters, run: Run) -> np.ndarray:
    """The run's films at a recipe's size, uint8 (N, S, S), made once and kept."""
    name = f"compare/images_{settings.image_size}_{settings.enhancement}_{_film_digest(run)}.npy"
    if not run.path(name).exists():
        library = FilmLibrary()
        stack = np.stack(
            [
                prepare_film(
                    decode_film(library.read(sha256)).pixels,
                    settings.image_size,
                    settings.enhancement,
                )
                for sha256 in manifest["sha256"]
            ]
        )
        with replacing(run.path(name)) as temporary:
            np.save(temporary, stack)
    return np.load(run.path(name), mmap_mode="r")


def _film_digest(run: Run) -> str:
    import hashlib

    manifest = used_films(run.read_table("manifest.csv"))
    facts = manifest[["sha256", "finding", "patient_id"]].fillna("").to_csv(index=False)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def _write_result(job: Job, run: Run, films, groups: np.ndarray, outcome) -> None:
    training = outcome.training
    value = {
        "system": job.system,
        "task": job.task,
        "protocol": job.protocol,
        "fold": job.fold,
        "classes": list(films.classes),
        "fingerprint": fingerprint(job, run),
        "films": films.keys[outcome.rows].tolist(),
        "groups": groups[outcome.rows].tolist(),
        "truth": films.codes[outcome.rows].tolist(),
        "probabilities": np.round(outcome.probabilities.astype(float), 6).tolist(),
        "parameters": outcome.parameters,
        "epochs": len(training.history),
        "best_epoch": training.best_epoch,
        "ending": training.ending,
        "seconds_per_epoch": round(outcome.seconds_per_epoch, 3),
        "milliseconds_per_film": round(outcome.milliseconds_per_film, 3),
        "host": host_kind(),
        "precision": outcome.precision,
        "versions": versions(),
        "commit": git_commit(),
    }
    path = job.result(run)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def host_kind() -> str:
    """The machine in words, without its name."""
    from helpers.model.backend import GPUS

    return f"{len(GPUS)} GPU" if GPUS else f"{cores()} CPU core{'s' if cores() > 1 else ''}"
