"""Fit the gate: the run's films, generated films, negatives of both, and generated non-films."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from helpers.core.errors import SuiteError
from helpers.core.runs import Run
from helpers.data.images import decode_film
from helpers.data.library import FilmLibrary
from helpers.data.phantoms import generate_collection, non_films
from helpers.data.preprocess import used_films
from helpers.model.gate import FRONTAL, HELPERS, NEGATIVE, Gate
from helpers.model.gate_features import gate_features

FEWEST_FILMS = 20
FILMS_AT_MOST = 600
DIRECTIONS = 30  # principal directions of the run's own films
# How far beyond the worst tenth of held-out films the limits lie, in steps from middle to there.
# On the real films they turn away 0.4 to 2 % of frontal films, and 3 in 4 or more of the rest.
REACH_OF_ODDS, REACH_OF_DISTANCE = 2.73, 2.0
_SIZE = 128  # pixels of generated pictures; the features look at 64


def fit_gate(films: Iterable[np.ndarray], seed: int = 0) -> Gate:
    """Fit on frontal films, uint8 (H, W) of any size, as decoded (no enhancement).

    Raises SuiteError for fewer than 20 films.
    """
    pairs = [(gate_features(film), gate_features(255 - film)) for film in films]
    return _fit([right for right, _ in pairs], [turned for _, turned in pairs], seed)


def fit_gate_of_run(run: Run, seed: int = 0) -> Gate:
    """Fit the gate of a run on its training films and write model/gate.json.

    The films are read from the library as they were decoded, because the gate stands before any
    resize or enhancement. Raises MissingInputError where the run is not preprocessed.
    """
    films = used_films(run.read_table("manifest.csv"))
    training = films[(run.read_table("splits.csv")["split"] == "train").to_numpy()]
    chosen = training.sample(min(FILMS_AT_MOST, len(training)), random_state=seed)
    library = FilmLibrary()
    gate = fit_gate((decode_film(library.read(sha)).pixels for sha in chosen["sha256"]), seed)
    gate.save(run.path("model/gate.json"))
    return gate


@threadpool_limits.wrap(limits=1, user_api="blas")  # the products are small: more threads only wait
def _fit(films: Sequence[np.ndarray], negatives: Sequence[np.ndarray], seed: int) -> Gate:
    """A gate from features of the run's films and of their negatives, both (N, F).

    Both limits and the error rates come from films that were held out of the fit in turn (five
    folds).
    Raises SuiteError for fewer than 20 films.
    """
    if len(films) < FEWEST_FILMS:
        raise SuiteError(
            f"The gate needs at least {FEWEST_FILMS} training films, not {len(films)}: "
            "add films to the collection."
        )
    features, kinds = _examples(films, negatives, seed)
    own = np.arange(len(kinds)) < len(films)
    likely, far = np.empty(len(kinds)), np.empty(len(kinds))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(features, kinds):
        gate = _fit_once(features[train], kinds[train], own[train])
        likely[test] = gate.shares(features[test])[:, gate.kinds.index(FRONTAL)]
        far[test] = gate.distances(features[test])
    threshold = 1 / (1 + np.exp(_limit(-_odds(likely[own]), REACH_OF_ODDS)))
    farthest = np.exp(_limit(np.log(far[own]), REACH_OF_DISTANCE))
    passed = (likely >= threshold) & (far <= farthest)
    gate = _fit_once(features, kinds, own)
    return replace(gate, threshold=threshold, farthest=farthest, errors=_errors(passed, kinds, own))


def _examples(
    films: Sequence[np.ndarray], negatives: Sequence[np.ndarray], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Features and kinds; the run's own films first."""
    frontal = generate_collection(HELPERS["films"], seed, size=_SIZE, frontal_only=True)
    # Generated films keep the gate from taking "looks generated" for "is no film".
    generated = [film.pixels for film in frontal]
    others = list(non_films(HELPERS["non_films"], seed, size=_SIZE))
    rows = [*films, *map(gate_features, generated)]
    kinds = [FRONTAL] * len(rows)
    rows += [*negatives, *(gate_features(255 - film) for film in generated)]
    kinds += [NEGATIVE] * (len(rows) - len(kinds))
    for pixels, kind in others:
        rows += [gate_features(pixels), gate_features(255 - pixels)]
        kinds += [kind, kind]
    return np.array(rows), np.array(kinds)


def _odds(shares: np.ndarray) -> np.ndarray:
    clipped = np.clip(shares, 1e-9, 1 - 1e-9)
    return np.log(clipped / (1 - clipped))


def _limit(values: np.ndarray, reach: float) -> float:
    """A bound above nearly all values, from their middle and worst tenth.

    The extreme quantile itself would hang on one or two odd films of the collection.
    """
    middle, worst = np.quantile(values, (0.5, 0.9))
    return float(middle + reach * (worst - middle))


def _fit_once(features: np.ndarray, kinds: np.ndarray, own: np.ndarray) -> Gate:
    """Fit everything but the two limits."""
    frontal = kinds == FRONTAL
    # Frontal films and all the rest weigh the same.
    weight = np.where(frontal, len(kinds) / frontal.sum(), len(kinds) / (~frontal).sum()) / 2
    scaler = StandardScaler().fit(features)
    scaled = scaler.transform(features)
    model = LogisticRegression(C=0.1, max_iter=200).fit(scaled, kinds, sample_weight=weight)
    middle, directions, spreads = _own_shape(scaled[own])
    return Gate(
        kinds=tuple(model.classes_.tolist()),
        centre=scaler.mean_,
        scale=scaler.scale_,
        weights=model.coef_,
        offsets=model.intercept_,
        threshold=0.0,
        middle=middle,
        directions=directions,
        spreads=spreads,
        farthest=np.inf,
    )


def _own_shape(scaled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middle (F,), principal directions (D, F) and spreads (D + 1,) of the run's own films."""
    count = min(DIRECTIONS, len(scaled) // 4)
    middle = scaled.mean(axis=0)
    _, lengths, directions = np.linalg.svd(scaled - middle, full_matrices=False)
    spreads = lengths[:count] / np.sqrt(len(scaled))
    beside = (lengths[count:] ** 2).sum() / scaled.size
    return middle, directions[:count], np.append(spreads, beside)


def _errors(passed: np.ndarray, kinds: np.ndarray, own: np.ndarray) -> dict[str, dict[str, float]]:
    """For the run's own films and each generated kind: how many, and the share accepted."""
    found = {"films of this run": passed[own]}
    found |= {kind: passed[kinds == kind] for kind in np.unique(kinds) if kind != FRONTAL}
    return {str(k): {"n": len(v), "accepted": round(float(v.mean()), 4)} for k, v in found.items()}
