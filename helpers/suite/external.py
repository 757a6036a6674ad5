"""`cxr evaluate` without the terminal: from a place with films to the scores of a run on them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from helpers.core.errors import SuiteError
from helpers.core.params import Parameters, check_parameters
from helpers.core.runs import Run
from helpers.data.records import count_statuses, read_metadata
from helpers.data.sources import S3, FilmSource, find_films
from helpers.model.external import (
    describe_collection,
    leave_out_known_films,
    mapping_table,
    read_films,
)
from helpers.model.metrics import score_predictions
from helpers.model.predictions import check_predictions
from helpers.model.predictor import Predictor
from helpers.model.subgroups import score_subgroups
from helpers.model.thresholds import judge_thresholds

Progress = Callable[[int, int], None]
SPLIT = "external"


def evaluate_collection(
    run: Run,
    place: str,
    metadata: str | None = None,
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Score the films at `place` (a folder or s3:// address) that the run does not know.

    Returns plain values: run, data, stamp, mapping, counts (every object in one of them), scores
    in the shape of metrics.json, operating_points, subgroups. Writes the same to
    `external/<name>.json` of the run, and `external/<name>.csv` with a row for every object.
    Raises UsageError for a place that is not there, SuiteError where no film is left to score.
    """
    predictor = Predictor.load(run.folder)
    settings = settings_of(run, predictor.classes)
    sources = {_key(source.name, place): source for source in find_films([place])}
    table = _metadata(sources, metadata)
    manifest, mapping = describe_collection(list(sources), table, settings)
    wanted = [sources[key] for key in manifest.loc[manifest["status"].eq("used"), "key"]]
    films = []
    for film in read_films(wanted, predictor):
        films.append(film)
        progress(len(films), len(wanted))
    predicted = pd.Series([film.probabilities for film in films], dtype=object)
    predicted.index = manifest.index[manifest["status"].eq("used")]
    manifest = leave_out_known_films(manifest, films, run)
    kept = manifest[manifest["status"].eq("used")]
    counts = count_statuses(manifest)
    if kept.empty:
        raise SuiteError(_nothing_left(place, counts))
    probabilities = np.stack(predicted[kept.index].tolist())
    report = {
        "run": run.name,
        "data": place,
        "stamp": predictor.stamp,
        "mapping": mapping_table(mapping, manifest),
        "counts": counts.to_dict("records"),
        **_score(kept, probabilities, predictor.classes, run, settings),
    }
    for position, name in enumerate(predictor.classes):
        manifest.loc[kept.index, f"p_{name}"] = probabilities[:, position].round(6)
    run.write_table(f"external/{file_name(place)}.csv", manifest)
    run.write_json(f"external/{file_name(place)}.json", report)
    return report


def settings_of(run: Run, classes: tuple[str, ...]) -> Parameters:
    """The run's parameters; its class map and views decide what an external film is."""
    values = yaml.safe_load(run.require("params.yml").read_text(encoding="utf-8"))
    settings = check_parameters(values or {}, run.shown("params.yml"))
    if tuple(settings.classes) != classes:
        raise SuiteError(
            f"{run.shown()}: params.yml names the classes {', '.join(settings.classes)}, the model "
            f"{', '.join(classes)}: run 01_ingest to 04_train again."
        )
    return settings


def file_name(place: str) -> str:
    """A plain file name made of the place's last part."""
    last = Path(place.removeprefix(S3)).resolve().name if not place.startswith(S3) else place
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", last.rstrip("/").rpartition("/")[2]).strip("_")
    return plain[:60] or "collection"


def _key(name: str, place: str) -> str:
    """A film's key: its path from the place's own folder on, so that folders can name classes."""
    if name.startswith(S3):
        return name.removeprefix(S3).partition("/")[2]
    root = Path(place)
    folder = root if root.is_dir() else root.parent
    return (Path(folder.resolve().name) / Path(name).relative_to(folder)).as_posix()


def _metadata(sources: Mapping[str, FilmSource], given: str | None) -> pd.DataFrame | None:
    """The metadata the user named, or the `metadata.csv` that lies nearest the top; else None."""
    if given is not None:
        return read_metadata(next(find_films([given])).read(), given)
    beside = [key for key in sources if key.rpartition("/")[2] == "metadata.csv"]
    if not beside:
        return None
    key = min(beside, key=lambda name: name.count("/"))
    return read_metadata(sources[key].read(), sources[key].name)


def _nothing_left(place: str, counts: pd.DataFrame) -> str:
    reasons = counts[counts["reason"].ne("")].head(4)
    words = ", ".join(f"{row.objects} {row.reason}" for row in reasons.itertuples())
    return (
        f"{place}: no film is left to score ({words or 'it is empty'}); give class folders whose "
        "names the run's classes know, or --metadata with the columns filename and finding."
    )


def _score(
    kept: pd.DataFrame,
    probabilities: np.ndarray,
    classes: tuple[str, ...],
    run: Run,
    settings: Parameters,
) -> dict[str, Any]:
    """Scores, the run's own thresholds judged on these films, and subgroups."""
    known = kept["patient_id"].notna().any()
    patients = kept["patient_id"].fillna("film " + kept["key"]) if known else None
    predictions = check_predictions(kept["label"], probabilities, classes, patients)
    options = {"resamples": settings.resamples, "seed": settings.seed}
    scores = score_predictions(predictions, split=SPLIT, prevalence=settings.prevalence, **options)
    found = {"scores": scores, "operating_points": {}}
    if run.path("metrics.json").exists():
        points = run.read_json("metrics.json").get("operating_points", {})
        thresholds = {name: point["threshold"] for name, point in points.items()}
        found["operating_points"] = judge_thresholds(
            predictions, thresholds, settings.target_specificity, **options
        )
    found["subgroups"] = score_subgroups(predictions, kept.reset_index(drop=True), **options)
    return found
