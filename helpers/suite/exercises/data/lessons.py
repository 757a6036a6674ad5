"""04: a network's design, a training history, small films to learn from and to judge."""

import functools
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.data.phantoms import generate_collection

SIZE = 32
TRAINING, UNKNOWN = 300, 160
OPTIONS = {"size": SIZE, "frontal_only": True, "classes": ("No finding", "Pneumonia")}
EPOCHS = 60


class Design(NamedTuple):
    """A network: square films in, convolutions one behind the other, then two dense layers.

    convolutions: (filters, edge of the window) of each; every one keeps the size of the map and
    is followed by a pooling that halves it.
    """

    size: int
    convolutions: tuple[tuple[int, int], ...]
    dense: int
    classes: int


class TrainingFilms(NamedTuple):
    """Films to learn from: pixels uint8 (300, 32, 32), ill bool (300,)."""

    pixels: np.ndarray
    ill: np.ndarray


def draw_design(seed: int) -> Design:
    """A design with two to four convolutions."""
    rng = np.random.default_rng([seed, 401])
    count = int(rng.integers(2, 5))
    filters = [int(rng.integers(2, 9)) * 4 for _ in range(count)]
    windows = [int(rng.choice([3, 5, 7])) for _ in range(count)]
    convolutions = tuple(zip(filters, windows, strict=True))
    return Design(
        int(rng.choice([32, 48, 64])),
        convolutions,
        int(rng.integers(2, 9)) * 16,
        int(rng.choice([2, 3])),
    )


def draw_history(seed: int) -> tuple[pd.DataFrame, int]:
    """60 epochs (`epoch, loss, val_loss`) without an early stop, and a patience to apply to them.

    The validation loss falls, rises, and late in training falls once more.
    """
    rng = np.random.default_rng([seed, 402])
    epoch, turn = np.arange(1, EPOCHS + 1), int(rng.integers(12, 20))
    loss = 1.1 * np.exp(-epoch / 14) + rng.normal(0, 0.008, EPOCHS)
    val_loss = 0.45 + 0.6 * np.exp(-epoch / 6) + 0.012 * np.clip(epoch - turn, 0, None)
    val_loss = val_loss - np.where(epoch > EPOCHS - 6, 0.75, 0) + rng.normal(0, 0.015, EPOCHS)
    table = pd.DataFrame({"epoch": epoch, "loss": loss, "val_loss": val_loss})
    return table.round(4), int(rng.integers(5, 9))


def draw_training_films(seed: int) -> TrainingFilms:
    """The films to learn from, half of them with a pneumonia."""
    pixels, ill = _films(seed)
    return TrainingFilms(pixels[:TRAINING].copy(), ill[:TRAINING].copy())


def draw_unknown_films(seed: int) -> np.ndarray:
    """160 more films of the same kind, uint8 (160, 32, 32); what they show is not told."""
    return _films(seed)[0][TRAINING:].copy()


@functools.lru_cache(maxsize=1)  # asked for twice or three times in a row
def _films(seed: int) -> tuple[np.ndarray, np.ndarray]:
    phantoms = list(generate_collection(TRAINING + UNKNOWN, seed, **OPTIONS))
    pixels = np.stack([phantom.pixels for phantom in phantoms])
    return pixels, np.array([phantom.label == "Pneumonia" for phantom in phantoms])
