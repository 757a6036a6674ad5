"""`cxr predict`: films from files, folders or a store through a run's model, one line for each."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from helpers.core.errors import SuiteError, UsageError
from helpers.core.runs import existing_run
from helpers.suite.console import console, errors

if TYPE_CHECKING:
    from helpers.data.sources import FilmSource
    from helpers.model.prediction import Prediction
    from helpers.model.predictor import Predictor

NOTICE = "For education and research only, never a diagnosis."
SALIENCY_SIDE = 1024  # pixels of the longer side of a saliency picture


def predict(
    places: Annotated[
        list[str], typer.Argument(help="Files, folders or s3:// addresses.", metavar="PATH_OR_S3")
    ],
    run: Annotated[str, typer.Option(help="The run whose model predicts.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a film.")] = False,
    saliency: Annotated[
        Path | None, typer.Option(help="Folder for a picture of what each class rests on.")
    ] = None,
    executor: Annotated[
        str | None,
        typer.Option(
            envvar="CXR_EXECUTOR",
            help="Number of processes, or dask://HOST:PORT (default: threads of this process).",
        ),
    ] = None,
) -> None:
    """Predict films; exit 0 when at least one was accepted, 1 when none was, 2 for wrong usage."""
    from helpers.data.sources import find_films
    from helpers.model.predictor import Predictor

    films = find_films(places)
    folder = existing_run(run, "model/labels.json").folder
    predictor = Predictor.load(folder)
    if saliency is not None:
        _make_folder(saliency)
    accepted = turned_away = 0
    predictions = _predictions(predictor, folder, films, executor, saliency is not None)
    for number, prediction in enumerate(predictions, start=1):
        accepted += prediction.accepted
        turned_away += not prediction.accepted
        _tell(prediction, as_json)
        if saliency is not None:
            _write_saliency(prediction, saliency, number)
    errors.print(
        f"{accepted} accepted, {turned_away} turned away; run {run}, {predictor.stamp}. {NOTICE}",
        markup=False,
    )
    raise typer.Exit(0 if accepted else 1)


def _predictions(
    predictor: "Predictor",
    folder: Path,
    films: Iterator["FilmSource"],
    executor: str | None,
    pictures: bool,
) -> Iterator["Prediction"]:
    from helpers.core.executor import open_executor
    from helpers.model.batch import predict_elsewhere, predict_many

    if not executor:  # the network lets go of Python's lock: processes would gain nothing
        yield from predict_many(predictor, films)
        return
    with open_executor(executor, folder) as pool:
        yield from predict_elsewhere(predictor, folder, films, pool, pictures)


def _tell(prediction: "Prediction", as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(prediction.to_json(), ensure_ascii=False) + "\n")
        sys.stdout.flush()
    elif prediction.accepted:
        shares = ", ".join(f"{name} {p:.1%}" for name, p in prediction.probabilities.items())
        console.print(f"{prediction.file}: {prediction.label} ({shares})", markup=False)
    else:
        console.print(f"{prediction.file}: turned away. {prediction.reason}", markup=False)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"--saliency {folder}: no such folder can be made ({error.strerror})."
        ) from error


def _write_saliency(prediction: "Prediction", folder: Path, number: int) -> None:
    """One PNG for an accepted film, named by its number and what is plain in the film's name."""
    from helpers.app.overlays import overlay, shrink, to_png

    if not prediction.accepted:
        return
    found = prediction.saliency_of(prediction.label)
    if found is None:
        raise SuiteError("This run's model gives no saliency maps: leave --saliency out.")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", PurePosixPath(prediction.file).stem)[:80]
    picture = overlay(shrink(prediction.film, SALIENCY_SIDE), found)
    try:
        (folder / f"{number:06d}_{stem}.png").write_bytes(to_png(picture))
    except OSError as error:
        raise SuiteError(f"--saliency {folder}: cannot write there ({error.strerror}).") from error
