"""02: a collection in which one property gives a class away, and films with a planted mark."""

from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from helpers.data.phantoms import CLASSES, generate_collection
from helpers.suite.exercises.data.tables import draw_metadata

PROPERTIES = ("sex", "view", "country")
CORNERS = ("top left", "top right", "bottom left", "bottom right")
SIZE = 64
MARK = 9  # edge of a corner in which the mark lies


class Films(NamedTuple):
    """A stack of films, uint8 (N, 64, 64), and the class of each, (N,)."""

    pixels: np.ndarray
    labels: np.ndarray


def draw_ward(seed: int) -> pd.DataFrame:
    """About 300 films: `patient_id, label, sex, age, view, country`; empty cells are missing.

    One of sex, view and country goes with one class; the age is noted least often in one class.
    """
    rng = np.random.default_rng([seed, 201])
    rows = draw_metadata(int(rng.integers(280, 330)), [seed, 202])
    table = pd.DataFrame({"patient_id": rows["patientid"], "label": rows["label"]})
    table["sex"], table["age"] = rows["sex"], pd.to_numeric(rows["age"]).astype("Int64")
    table["view"] = rows["view"].replace({"L": "PA", "Axial": "AP"})
    table["country"] = rows["location"].str.rpartition(", ")[2]
    of_class = table["label"] == rng.choice(CLASSES)
    column = str(rng.choice(PROPERTIES))
    value = {"sex": "M", "view": "AP Supine", "country": "Italy"}[column]
    noted = table[column].notna()
    table.loc[of_class & noted & (rng.random(len(table)) < 0.85), column] = value
    forgotten = table["label"].eq(rng.choice(CLASSES)) & (rng.random(len(table)) < 0.4)
    table.loc[forgotten, "age"] = pd.NA
    return table


def draw_marked_films(seed: int) -> Films:
    """120 frontal films; most of one class have a bright mark in one corner, a few others too."""
    rng = np.random.default_rng([seed, 203])
    phantoms = list(generate_collection(120, seed, size=SIZE, frontal_only=True))
    pixels = np.stack([phantom.pixels for phantom in phantoms])
    labels = np.array([phantom.label for phantom in phantoms])
    label, corner = rng.choice(CLASSES), int(rng.integers(len(CORNERS)))
    rate = np.where(labels == label, 0.8, 0.1)
    top, left = (2, SIZE - MARK + 1)[corner // 2], (2, SIZE - MARK + 1)[corner % 2]
    for number in np.flatnonzero(rng.random(len(pixels)) < rate):
        cv2.rectangle(pixels[number], (left, top), (left + 4, top + 4), 245, -1)
    return Films(pixels, labels)


def corner_of(pixels: np.ndarray, corner: str) -> np.ndarray:
    """One corner of all films: uint8 (N, 9, 9) of uint8 (N, 64, 64)."""
    rows = slice(0, MARK) if corner.startswith("top") else slice(-MARK, None)
    columns = slice(0, MARK) if corner.endswith("left") else slice(-MARK, None)
    return pixels[:, rows, columns]
