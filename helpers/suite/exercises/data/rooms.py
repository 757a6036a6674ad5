"""03: films of many hospitals to split, a split that leaks, films to window and to pad."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from helpers.data.phantoms import CLASSES, generate_collection

HOSPITALS = 15


def draw_hospitals(seed: int) -> pd.DataFrame:
    """About 320 films of 15 hospitals: `key, label, patient_id, hospital`.

    A patient has one to four films, all of one class and in one hospital; hospitals differ in
    size and in what they treat.
    """
    rng = np.random.default_rng([seed, 301])
    rows = []
    for number in range(HOSPITALS):
        weights = rng.dirichlet([4.0] * len(CLASSES))
        for _ in range(int(rng.integers(6, 13))):
            label, patient = str(rng.choice(CLASSES, p=weights)), f"patient-{len(rows):04d}"
            films = int(rng.integers(1, 5))
            rows += [{"label": label, "patient_id": patient, "hospital": f"H{number:02d}"}] * films
    table = pd.DataFrame(rows).sample(frac=1, random_state=int(rng.integers(2**31)))
    table.insert(0, "key", [f"films/{number:04d}.png" for number in range(len(table))])
    return table.reset_index(drop=True)


def draw_leaky_split(seed: int) -> pd.DataFrame:
    """About 200 films split film by film: `key, patient_id, sha256, split` (train or test).

    Some pictures are there twice, byte for byte, under two patients' names.
    """
    rng = np.random.default_rng([seed, 302])
    patients = np.repeat(np.arange(130), rng.choice([1, 2, 3], 130, p=[0.55, 0.3, 0.15]))
    table = pd.DataFrame({"key": [f"films/{number:04d}.png" for number in range(len(patients))]})
    table["patient_id"] = [f"patient-{number:03d}" for number in patients]
    contents = np.arange(len(table))
    copies = rng.choice(len(table), (2, int(rng.integers(8, 16))), replace=False)
    contents[copies[0]] = contents[copies[1]]
    table["sha256"] = [
        hashlib.sha256(f"{seed}/{content}".encode()).hexdigest() for content in contents
    ]
    table["split"] = np.where(rng.random(len(table)) < 0.22, "test", "train")
    return table


def draw_window(seed: int) -> tuple[int, int]:
    """The two percentiles between which a film's grey values are stretched."""
    rng = np.random.default_rng([seed, 303])
    return int(rng.integers(2, 9)), int(rng.integers(90, 99))


def draw_pale_films(seed: int) -> np.ndarray:
    """Eight films of low contrast, uint8 (8, 64, 64)."""
    rng = np.random.default_rng([seed, 304])
    phantoms = generate_collection(8, seed, size=64, frontal_only=True)
    stack = np.stack([phantom.pixels for phantom in phantoms]).astype(np.float32)
    span, darkest = rng.uniform(70, 140, (8, 1, 1)), rng.uniform(20, 90, (8, 1, 1))
    return np.rint(darkest + stack / 255 * span).astype(np.uint8)


def draw_oblong_film(seed: int) -> np.ndarray:
    """One film that is no square: cut above and below, or left and right."""
    rng = np.random.default_rng([seed, 305])
    phantom = next(generate_collection(1, seed, size=160, frontal_only=True))
    lost = 2 * int(rng.integers(10, 26))
    inner = slice(lost // 2, 160 - lost // 2)
    return phantom.pixels[inner] if rng.random() < 0.5 else phantom.pixels[:, inner].copy()


def windowed(window: Callable[[np.ndarray], np.ndarray], films: Sequence[np.ndarray]) -> list:
    """What a student's `window` makes of each film; ValueError says what it should have been."""
    results = [window(film) for film in films]
    for film, result in zip(films, results, strict=True):
        if not isinstance(result, np.ndarray):
            raise ValueError("`window` gives back no film yet; end it with a return of the array")
        if result.shape != film.shape or result.dtype != np.uint8:
            raise ValueError("`window` should give back uint8 values in the shape of the film")
    return results
