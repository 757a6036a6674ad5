"""A light probe: what can be told from a film's border alone?

Ridge regression onto the classes, cross-validated by patient. It is solved once for each fold as a
matrix that turns training labels into predictions, so that hundreds of label permutations, each a
full refit, cost one matrix product. Where labels mean nothing, permuted ones predict as well.
"""

from dataclasses import dataclass

import cv2
import numpy as np

SIDE = 64  # pixels at which the border is read
CELL = 4  # pixels of a cell's side
# The fixed lung box: what lies inside is never shown to the probe.
ROWS, COLUMNS = (0.15, 0.85), (0.10, 0.90)
FILMS_AT_MOST = 2000
PERMUTATIONS = 100
_PENALTY = 1.0  # of the mean squared feature; results change little from 0.1 to 10


@dataclass(frozen=True)
class ProbeResult:
    """How well the border tells the classes apart, over held-out films.

    by_class: one-against-rest AUROC of each class; auroc: their largest; p_value: share of label
    permutations that reach as much; permuted: mean AUROC under permutation (0.5 if all is well).
    """

    auroc: float
    by_class: dict[str, float]
    p_value: float
    permuted: float
    films: int

    @property
    def clearest(self) -> str:
        """The class that is told best; of two that are told equally well, the last."""
        return max(reversed(self.by_class), key=self.by_class.get)


def lung_box(size: int) -> np.ndarray:
    """The fixed lung region of a film: bool (size, size), rows 15 to 85 %, columns 10 to 90 %."""
    box = np.zeros((size, size), bool)
    rows, columns = (slice(round(a * size), round(b * size)) for a, b in (ROWS, COLUMNS))
    box[rows, columns] = True
    return box


def border_features(images: np.ndarray) -> np.ndarray:
    """Mean, deviation and maximum of each small cell of the border: float32 (N, F).

    images: uint8 (N, S, S).
    """
    cells = SIDE // CELL
    border = ~lung_box(SIDE).reshape(cells, CELL, cells, CELL).transpose(0, 2, 1, 3)
    border = border.reshape(cells * cells, CELL * CELL)
    chosen = border.any(axis=1)
    weight = border[chosen].astype(np.float32)
    rows = [_cells(image)[chosen] for image in images]
    values = np.stack(rows) * weight
    mean = values.sum(-1) / weight.sum(-1)
    square = (values**2).sum(-1) / weight.sum(-1)
    deviation = np.sqrt(np.maximum(square - mean**2, 0))
    return np.concatenate([mean, deviation, values.max(-1)], axis=1)


def _cells(image: np.ndarray) -> np.ndarray:
    cells = SIDE // CELL
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return small.reshape(cells, CELL, cells, CELL).transpose(0, 2, 1, 3).reshape(-1, CELL * CELL)


def probe(
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
) -> ProbeResult | None:
    """Cross-validate the probe; None where a class has fewer than two groups.

    features: (N, F); labels: class names (N,); groups: films that hang together (N,).
    """
    from sklearn.model_selection import StratifiedGroupKFold

    names, codes = np.unique(labels, return_inverse=True)
    folds = min([5, *(len(np.unique(groups[codes == code])) for code in range(len(names)))])
    if len(names) < 2 or folds < 2:
        return None
    truth = _permuted(codes, len(names), permutations, seed)
    scores = np.empty_like(truth)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for train, test in splitter.split(features, codes, groups):
        middle = truth[train].mean(axis=0)
        solved = _solve(features[train], features[test])
        scores[test] = np.tensordot(solved, truth[train] - middle, (1, 0)) + middle
    areas = np.stack([area(scores[..., c], truth[..., c] > 0) for c in range(len(names))], axis=1)
    best = areas.max(axis=1)
    return ProbeResult(
        auroc=float(best[0]),
        by_class=dict(zip(names.tolist(), areas[0].round(4).tolist(), strict=True)),
        p_value=float((1 + (best[1:] >= best[0]).sum()) / (1 + permutations)),
        permuted=float(areas[1:].mean()),
        films=len(labels),
    )


def _permuted(codes: np.ndarray, classes: int, permutations: int, seed: int) -> np.ndarray:
    """One-hot labels (N, 1 + permutations, C): the true ones first, then shuffled ones."""
    rng = np.random.default_rng(seed)
    orders = [np.arange(len(codes)), *(rng.permutation(len(codes)) for _ in range(permutations))]
    return np.eye(classes, dtype=np.float32)[codes[np.array(orders)]].transpose(1, 0, 2).copy()


def _solve(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The matrix (test films, training films) that turns training labels into predictions."""
    middle, scale = train.mean(axis=0), train.std(axis=0)
    used = scale > 1e-4
    train, test = ((part[:, used] - middle[used]) / scale[used] for part in (train, test))
    penalty = _PENALTY * max(1, used.sum())
    alike = train @ train.T + penalty * np.eye(len(train), dtype=train.dtype)
    return np.linalg.solve(alike, train @ test.T).T


def area(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """AUROC of each column: scores and positive are (N, P); ties count half."""
    from scipy.stats import rankdata

    ranks = rankdata(scores, axis=0)
    positives = positive.sum(axis=0)
    negatives = len(positive) - positives
    wins = (ranks * positive).sum(axis=0) - positives * (positives + 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where((positives > 0) & (negatives > 0), wins / (positives * negatives), np.nan)
