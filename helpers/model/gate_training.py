"""Fit the gate: the run's films, generated films, negatives of both, and generated non-films."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from helpers.core.errors import SuiteError
from helpers.data.phantoms import generate_collection, non_films
from helpers.model.gate import FRONTAL, HELPERS, NEGATIVE, REJECTED_IN_TRAINING, Gate
from helpers.model.gate_features import gate_features

FEWEST_FILMS = 20
DIRECTIONS = 30  # principal directions of the run's own films
_SIZE = 128  # pixels of generated pictures; the features look at 64


def fit(films: Sequence[np.ndarray], negatives: Sequence[np.ndarray], seed: int) -> Gate:
    """A gate from features of the run's films and of their negatives, both (N, F).

    Both limits and the error rates come from films that were held out of the fit in turn (five
    folds); each limit lets all but six in a thousand of the run's films pass.
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
    threshold = float(np.quantile(likely[own], REJECTED_IN_TRAINING))
    farthest = float(np.quantile(far[own], 1 - REJECTED_IN_TRAINING))
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


def _fit_once(features: np.ndarray, kinds: np.ndarray, own: np.ndarray) -> Gate:
    """Fit everything but the two limits."""
    frontal = kinds == FRONTAL
    # Frontal films and all the rest weigh the same.
    weight = np.where(frontal, len(kinds) / frontal.sum(), len(kinds) / (~frontal).sum()) / 2
    scaler = StandardScaler().fit(features)
    scaled = scaler.transform(features)
    model = LogisticRegression(C=0.1, max_iter=500).fit(scaled, kinds, sample_weight=weight)
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
