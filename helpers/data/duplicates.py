"""Find the same film twice by its pixels, though it was rescaled, re-encoded, cropped or relit.

Collections copy from each other, and a copy rarely keeps its size: journals crop the margin away,
screenshots add one, JPEG and contrast tools change every value. Bytes and names then say nothing.
Two steps, both on small fingerprints of the fine detail (ribs, vessels, edges):

1. **Candidates.** Each whole film is compared with 256 crops of every other film (four margins on
   each side) at 16 x 16 points; one matrix product holds all of them. The best few go on.
2. **Confirmation.** One film is laid over the other (enhanced correlation coefficient, Evangelidis
   and Psarakis 2008) and the finest detail is correlated. Films of one patient taken days apart
   agree in the ribs but not in the vessels; only copies agree in both.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import itemgetter
from pathlib import PurePosixPath

import cv2
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from helpers.core.machine import cores

SIDE = 128  # pixels of a fingerprint's side; what is finer did not survive a small copy
POINTS = 16  # points of the coarse comparison's side
MARGINS = (0.0, 0.07, 0.14, 0.21)  # parts of the film that a copy may lack, on each side
NEIGHBOURS = 3  # candidates each film proposes
COARSE_THRESHOLD = 0.5
# On 1,757 real films copies reach 0.84 and more, other films of the same patient 0.79 at most.
THRESHOLD = 0.81
# Five steps of laying over tell most pairs apart: copies reach 0.78, other films stay below 0.6.
_FIRST_STEPS, _MORE_STEPS, _HOPEFUL = 5, 25, 0.6


def fingerprint(pixels: np.ndarray) -> np.ndarray:
    """Reduce a film, uint8 (H, W), to the uint8 (128, 128) that `match` compares.

    Dark borders are cut off first: copies gain and lose them most often.
    """
    return cv2.resize(_trim(pixels), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def match(
    first: np.ndarray, second: np.ndarray | None = None, threshold: float = THRESHOLD
) -> pd.DataFrame:
    """Pairs of films that are copies of each other.

    first, second: fingerprints, uint8 (N, 128, 128) and (M, 128, 128); without `second` the films
    of `first` are compared among themselves.
    Returns columns `first, second` (row positions) and `similarity` (0 to 1), most similar first;
    among themselves each pair stands once, first < second.
    Negatives and mirror images of a film are not recognised as copies.
    """
    alone = second is None
    second = first if alone else second
    if not len(first) or not len(second):
        return _as_table([])
    inside = _coarse_scores(first, second)  # [i, j]: all of film j found in a part of film i
    outside = inside.T if alone else _coarse_scores(second, first).T
    pairs = _candidates(np.maximum(inside, outside), alone)
    forward = [(i, j) for i, j in pairs if inside[i, j] >= outside[i, j]]
    backward = [(j, i) for i, j in pairs if inside[i, j] < outside[i, j]]
    rows = _confirm_all(first, second, forward)
    rows += [(i, j, found) for j, i, found in _confirm_all(second, first, backward)]
    return _as_table([row for row in rows if row[2] >= threshold])


def match_names(first: Sequence[str], second: Sequence[str]) -> pd.DataFrame:
    """Pairs of files with the same name, folders and endings aside: columns `first, second`."""
    left = pd.DataFrame({"name": _stems(first), "first": range(len(first))})
    right = pd.DataFrame({"name": _stems(second), "second": range(len(second))})
    return left.merge(right, on="name")[["first", "second"]]


def _stems(names: Sequence[str]) -> list[str]:
    return [PurePosixPath(name).stem.casefold() for name in names]


def _as_table(rows: list[tuple[int, int, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["first", "second", "similarity"])
    table = table.astype({"first": int, "second": int, "similarity": float})
    return table.sort_values("similarity", ascending=False, ignore_index=True)


def _trim(pixels: np.ndarray) -> np.ndarray:
    bright = cv2.GaussianBlur(pixels, (0, 0), 1)
    lit = bright > max(12.0, 0.08 * float(np.percentile(bright, 95)))
    rows, columns = (np.flatnonzero(lit.mean(axis) > 0.05) for axis in (1, 0))
    if len(rows) < 16 or len(columns) < 16:
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _detail(film: np.ndarray, fine: float, coarse: float) -> np.ndarray:
    """The structures between two scales (pixels), at equal strength everywhere: float32."""
    smooth = cv2.GaussianBlur(film.astype(np.float32), (0, 0), fine)
    detail = smooth - cv2.GaussianBlur(smooth, (0, 0), coarse)
    strength = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), 1.5 * coarse))
    return detail / (strength + 4.0)  # 4 of 255 grey values: below that there is only noise


def _unit(vectors: np.ndarray) -> np.ndarray:
    centred = vectors - vectors.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    return (centred / np.maximum(length, 1e-6)).astype(np.float32)


def _spans() -> list[tuple[float, float]]:
    return [(low, 1 - high) for low in MARGINS for high in MARGINS]


def _samplers() -> np.ndarray:
    """For each span, the (16, 128) matrix that averages its pixels down to 16 points."""
    pixel = np.arange(SIDE)
    matrices = []
    for low, high in _spans():
        edges = np.linspace(low * SIDE, high * SIDE, POINTS + 1)[:, None]
        overlap = np.minimum(edges[1:], pixel + 1) - np.maximum(edges[:-1], pixel)
        matrices.append(np.clip(overlap, 0, None) / (edges[1] - edges[0]))
    return np.array(matrices, dtype=np.float32)


_SAMPLERS = _samplers()


def _whole(film: np.ndarray) -> np.ndarray:
    """The whole fingerprint as a unit vector, float32 (256,)."""
    return _unit((_SAMPLERS[0] @ _detail(film, 1.3, 5.3) @ _SAMPLERS[0].T).ravel())


def _crops(film: np.ndarray) -> np.ndarray:
    """All 256 crops of a fingerprint as unit vectors, float32 (256, 256).

    Row `16 * vertical + horizontal` is the crop of those two spans.
    """
    spans = len(_SAMPLERS)
    strips = _SAMPLERS.reshape(-1, SIDE) @ _detail(film, 1.3, 5.3)  # (16 spans x 16 points, 128)
    points = strips @ _SAMPLERS.reshape(-1, SIDE).T
    by_span = points.reshape(spans, POINTS, spans, POINTS).transpose(0, 2, 1, 3)
    return _unit(by_span.reshape(spans**2, POINTS**2))


def _coarse_scores(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Best correlation of each whole inner film with any crop of each outer one: float16 (N, M)."""
    wholes = np.stack([_whole(film) for film in inner]).T
    scores = np.empty((len(outer), len(inner)), np.float16)

    def fill(row: int) -> None:
        scores[row] = (_crops(outer[row]) @ wholes).max(axis=0)

    _in_threads(fill, range(len(outer)))
    return scores


def _in_threads(work: Callable, items: Iterable) -> list:
    """One thread a core and one core a matrix product: many small products beat few split ones."""
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(work, items))


def _candidates(scores: np.ndarray, alone: bool) -> list[tuple[int, int]]:
    """The nearest few of every row and column above the coarse threshold."""
    if alone:
        np.fill_diagonal(scores, -1)
    rows = _nearest(scores)
    columns = [(i, j) for j, i in _nearest(scores.T)]
    pairs = {(min(pair), max(pair)) if alone else pair for pair in [*rows, *columns]}
    return sorted(pair for pair in pairs if scores[pair] >= COARSE_THRESHOLD)


def _nearest(scores: np.ndarray) -> Iterator[tuple[int, int]]:
    count = min(NEIGHBOURS, scores.shape[1])
    for row, values in enumerate(scores):
        yield from ((row, int(column)) for column in np.argpartition(-values, count - 1)[:count])


def _confirm_all(
    outer: np.ndarray, inner: np.ndarray, pairs: list[tuple[int, int]]
) -> list[tuple[int, int, float]]:
    """The similarity of each candidate pair (outer row, inner row)."""

    def confirm_some(group: list[tuple[int, int]]) -> list[tuple[int, int, float]]:
        crops = _crops(outer[group[0][0]])
        starts = [int(np.argmax(crops @ _whole(inner[j]))) for _, j in group]
        return [
            (i, j, _confirm(inner[j], outer[i], start))
            for (i, j), start in zip(group, starts, strict=True)
        ]

    groups = [list(group) for _, group in groupby(sorted(pairs), key=itemgetter(0))]
    return [row for rows in _in_threads(confirm_some, groups) for row in rows]


def _confirm(inner: np.ndarray, outer: np.ndarray, crop: int) -> float:
    """Lay `outer` over `inner`, beginning with that crop, and correlate the finest detail."""
    warp = _lay_over(_detail(inner, 1.0, 3.0), _detail(outer, 1.0, 3.0), crop)
    if warp is None:
        return 0.0
    flags = cv2.INTER_LINEAR + cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(_detail(outer, 0.7, 2.0), warp, (SIDE, SIDE), flags=flags)
    seen = cv2.warpAffine(np.ones_like(moved), warp, (SIDE, SIDE), flags=flags) > 0.99
    if seen.mean() < 0.5:
        return 0.0
    return max(0.0, float(_unit(moved[seen]) @ _unit(_detail(inner, 0.7, 2.0)[seen])))


def _lay_over(inner: np.ndarray, outer: np.ndarray, crop: int) -> np.ndarray | None:
    """The affine map (2, 3) from inner to outer pixels, or None if they do not agree anywhere."""
    (top, bottom), (left, right) = (_spans()[number] for number in divmod(crop, len(_SAMPLERS)))
    warp = np.array([[right - left, 0, left * SIDE], [0, bottom - top, top * SIDE]], np.float32)
    for steps in (_FIRST_STEPS, _MORE_STEPS):
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, steps, 1e-4)
        try:
            agreement, warp = cv2.findTransformECC(
                inner, outer, warp, cv2.MOTION_AFFINE, stop, None, 5
            )
        except cv2.error:  # the method found no way to lay one over the other
            return None
        if agreement < _HOPEFUL:
            return None
    return warp
