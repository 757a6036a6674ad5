"""An external test: a collection that was never in the run, told apart from it, then scored."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from helpers.core.errors import SuiteError
from helpers.core.params import Parameters
from helpers.core.runs import Run
from helpers.data.duplicates import SIDE, fingerprint
from helpers.data.findings import map_findings
from helpers.data.images import decode_film
from helpers.data.preprocess import used_films
from helpers.data.records import build_catalogue, choose_films, label_findings, order_columns
from helpers.data.remarks import UnreadableFilmError
from helpers.data.sources import FilmSource
from helpers.model.audit import films_in_training
from helpers.model.predictor import Predictor

AT_ONCE = 32  # films read and predicted together; keeps every core busy and the memory flat


@dataclass(frozen=True)
class Listed:
    """One object of an external collection; size is not needed here."""

    key: str
    size: int = 0


@dataclass(frozen=True)
class Read:
    """What one film turned out to be; `probabilities` is None where the film was turned away."""

    sha256: str | None
    print_: np.ndarray | None
    probabilities: np.ndarray | None
    reason: str | None


def describe_collection(
    keys: list[str], metadata: pd.DataFrame | None, settings: Parameters
) -> tuple[pd.DataFrame, dict[str, str | None]]:
    """A manifest row for every key, and the mapping of its finding words to the run's classes.

    A row is `used`, or `excluded` with its reason: no film, no finding, no class, another view.
    """
    catalogue = build_catalogue([Listed(key) for key in keys], settings, metadata)
    words = catalogue["finding"].dropna().tolist()
    mapping = map_findings(words, settings.classes, settings.class_map)
    known = {word: name for word, name in mapping.items() if name is not None}
    catalogue["label"] = label_findings(catalogue["finding"], known)
    return choose_films(order_columns(catalogue), settings), mapping


def read_films(sources: Iterable[FilmSource], predictor: Predictor) -> Iterator[Read]:
    """Read, decode and predict each film, several at once, handed on in their order."""
    waiting = iter(sources)
    with ThreadPoolExecutor() as pool:
        while batch := list(islice(waiting, AT_ONCE)):
            yield from pool.map(lambda source: _read(source, predictor), batch)


def _read(source: FilmSource, predictor: Predictor) -> Read:
    try:
        data = source.read()
        pixels = decode_film(data).pixels
    except UnreadableFilmError as error:
        return Read(None, None, None, f"unreadable: {error}")
    sha256 = hashlib.sha256(data).hexdigest()
    prediction = predictor.predict_film(pixels, source.name)
    if not prediction.accepted:
        return Read(sha256, fingerprint(pixels), None, f"turned away: {prediction.reason}")
    probabilities = np.array(list(prediction.probabilities.values()))
    return Read(sha256, fingerprint(pixels), probabilities, None)


def leave_out_known_films(manifest: pd.DataFrame, films: list[Read], run: Run) -> pd.DataFrame:
    """Exclude rows whose film, or whose patient's film, the run has; `films` are the used rows'.

    A film is known by its bytes or by its pixels (rescaled, re-encoded, cropped); names prove
    nothing, as many collections number their films. Further films of a known film's patient go too.
    """
    manifest = manifest.astype({"sha256": "string", "reason": "string", "status": "string"})
    used = manifest["status"].eq("used")
    rows = manifest.index[used]
    manifest.loc[rows, "sha256"] = pd.array([film.sha256 for film in films], dtype="string")
    own = used_films(run.read_table("manifest.csv"))
    reasons = pd.Series([film.reason for film in films], index=rows, dtype="object")
    seen = pd.Series(_known(films, own, run), index=rows, dtype="object")
    reasons = seen.combine_first(reasons)
    patients = manifest.loc[seen.dropna().index, "patient_id"].dropna()
    relatives = manifest.loc[rows, "patient_id"].isin(patients) & reasons.isna()
    reasons[relatives] = "in the run: another film of this patient"
    manifest.loc[rows, "reason"] = reasons.astype("string")
    manifest.loc[reasons.dropna().index, "status"] = "excluded"
    return manifest


def _known(films: list[Read], own: pd.DataFrame, run: Run) -> list[str | None]:
    """For each film why the run knows it, or None."""
    reasons: list[str | None] = [None] * len(films)
    readable = [place for place, film in enumerate(films) if film.print_ is not None]
    if not readable:
        return reasons
    training = np.load(run.require("fingerprints.npy"), mmap_mode="r")
    if training.shape != (len(own), SIDE, SIDE):
        raise SuiteError(
            f"{run.shown('fingerprints.npy')} does not fit the manifest: run 03_preprocess again."
        )
    prints = np.stack([films[place].print_ for place in readable])
    sha256 = pd.Series([films[place].sha256 for place in readable])
    for found in films_in_training(prints, training, sha256, own["sha256"]).itertuples():
        reasons[readable[found.film]] = f"in the run: the same {found.how}"
    return reasons


def mapping_table(
    mapping: Mapping[str, str | None], manifest: pd.DataFrame
) -> list[dict[str, Any]]:
    """Each finding word with its class (None: unmapped) and how many rows bear it."""
    counts = manifest["finding"].value_counts()
    return [
        {"finding": word, "label": label, "rows": int(counts.get(word, 0))}
        for word, label in sorted(mapping.items(), key=lambda item: -counts.get(item[0], 0))
    ]
