"""06: answers with their confidence, pictures at the door, and maps of where a network looked."""

import functools
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from helpers.data.phantoms import CLASSES, generate_collection, non_films

SIZE = 64
GRID = 8  # a saliency map has 8 x 8 points
SHOWN, WAITING = 112, 70


class Pictures(NamedTuple):
    """Pictures, uint8 (N, 64, 64), and whether each is a frontal chest film, bool (N,)."""

    pixels: np.ndarray
    film: np.ndarray


class Looks(NamedTuple):
    """Saliency maps float32 (N, 8, 8), each from 0 to 1, and the films' lungs bool (N, 64, 64)."""

    saliency: np.ndarray
    lungs: np.ndarray


def draw_answers(seed: int) -> pd.DataFrame:
    """About 300 films: `label, predicted` and `p_<class>`; the surer, the more often right."""
    rng = np.random.default_rng([seed, 601])
    films = int(rng.integers(270, 330))
    truth = rng.integers(len(CLASSES), size=films)
    logits = rng.normal(0, 1.1, (films, len(CLASSES)))
    logits[np.arange(films), truth] += rng.uniform(1.0, 1.4)
    logits *= rng.uniform(0.8, 1.8)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    table = pd.DataFrame({"label": np.array(CLASSES)[truth]})
    table["predicted"] = np.array(CLASSES)[probabilities.argmax(axis=1)]
    for code, name in enumerate(CLASSES):
        table[f"p_{name}"] = probabilities[:, code].round(6)
    return table


def draw_shown_pictures(seed: int) -> Pictures:
    """112 pictures whose kind is told."""
    pixels, film = _pictures(seed)
    return Pictures(pixels[:SHOWN].copy(), film[:SHOWN].copy())


def draw_waiting_pictures(seed: int) -> np.ndarray:
    """70 further pictures, uint8 (70, 64, 64), whose kind is not told."""
    return _pictures(seed)[0][SHOWN:].copy()


def draw_looks(seed: int) -> Looks:
    """40 films' saliency maps with their lungs; some maps sit on the lungs, some elsewhere."""
    rng = np.random.default_rng([seed, 603])
    phantoms = generate_collection(40, seed, size=SIZE, frontal_only=True)
    lungs = np.stack([phantom.lung_mask for phantom in phantoms])
    maps = [_map(rng, mask, rng.random() < 0.6) for mask in lungs]
    return Looks(np.stack(maps), lungs)


@functools.lru_cache(maxsize=1)  # asked for twice or three times in a row
def _pictures(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Frontal films and pictures that are none, in a drawn order."""
    rng = np.random.default_rng([seed, 602])
    half = (SHOWN + WAITING) // 2
    films = [film.pixels for film in generate_collection(half, seed, size=SIZE, frontal_only=True)]
    others = [pixels for pixels, _ in non_films(half, seed, size=SIZE)]
    order = rng.permutation(2 * half)
    return np.stack([*films, *others])[order], (np.arange(2 * half) < half)[order]


def _map(rng: np.random.Generator, lungs: np.ndarray, inside: bool) -> np.ndarray:
    """A map with one or two peaks: on cells full of lung, or on cells without any."""
    share = cv2.resize(lungs.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    places = np.argwhere(share > 0.8 if inside else share == 0)
    saliency = rng.uniform(0, 0.04, (GRID, GRID)).astype(np.float32)
    for row, column in places[rng.choice(len(places), int(rng.integers(1, 3)), replace=False)]:
        saliency[row, column] = rng.uniform(0.8, 1)
    return saliency / saliency.max()
