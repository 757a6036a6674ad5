"""A collection's metadata without its films: rows drawn as the generated films draw theirs."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.data.phantoms import CLASS_FOLDERS, CLASSES, COLUMNS
from helpers.data.phantoms.metadata import describe_film, describe_patient

# More lateral films than in the sample collection: they are asked about.
VIEWS = {"PA": 0.42, "AP": 0.2, "AP Supine": 0.18, "L": 0.16, "Axial": 0.04}


def draw_metadata(films: int, seed: Sequence[int], name: str = "film") -> pd.DataFrame:
    """A `metadata.csv` of `films` rows and the column `label`; every cell text, empty: missing.

    A patient has one to five films; classes come as they will, at least a quarter each.
    """
    rng = np.random.default_rng([*seed])
    rows: list[dict] = []
    weights = rng.dirichlet([30.0] * len(CLASSES))
    while len(rows) < films:
        label = str(rng.choice(CLASSES, p=weights))
        rows += _patient(rng, label, len(rows), min(int(rng.integers(1, 6)), films - len(rows)))
    table = pd.DataFrame(rows, columns=[*COLUMNS, "label"])
    table["patientid"] = "patient-" + table["patientid"].astype(str).str.zfill(4)
    table["filename"] = [f"{name}-{number:04d}.png" for number in rng.permutation(films)]
    return table.astype("string").replace("", pd.NA)


def _patient(rng: np.random.Generator, label: str, number: int, films: int) -> list[dict]:
    sex, age = str(rng.choice(["F", "M"])), int(np.clip(rng.normal(55, 18), 18, 95))
    patient = describe_patient(rng, label, sex, age)
    rows = []
    for day in np.cumsum(rng.integers(1, 5, films)):
        view = str(rng.choice(list(VIEWS), p=list(VIEWS.values())))
        row = describe_film(rng, patient, number, int(day), view)
        rows.append(row | {"folder": f"images/{CLASS_FOLDERS[label]}", "label": label})
    return rows
