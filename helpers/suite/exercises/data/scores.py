"""05: what a network said of validation and test films, patient by patient."""

import numpy as np
import pandas as pd

VIEWS = ("PA", "AP", "AP Supine")


def draw_scores(seed: int) -> pd.DataFrame:
    """About 670 films: `split, patient_id, view, ill, score`; ill is bool, score 0 to 1, distinct.

    A patient has one to eight films, hard or easy together; the network is weak on one view.
    """
    rng = np.random.default_rng([seed, 501])
    weak, rows = str(rng.choice(VIEWS)), []
    for number in range(150):
        ill, hard = rng.random() < 0.42, rng.normal(0, 1.3)
        for _ in range(int(rng.integers(1, 9))):
            view = str(rng.choice(VIEWS, p=[0.45, 0.3, 0.25]))
            shift = (0.4 if view == weak else 2.4) if ill else 0.0
            rows.append((number, view, ill, shift - 1.0 + hard + rng.normal(0, 0.35)))
    table = pd.DataFrame(rows, columns=["patient", "view", "ill", "score"])
    table["score"] = 1 / (1 + np.exp(-table["score"]))
    table.insert(0, "patient_id", "patient-" + table.pop("patient").astype(str).str.zfill(3))
    validation = table["patient_id"] < "patient-060"
    table.insert(0, "split", np.where(validation, "validation", "test"))
    return table


def draw_target(seed: int) -> float:
    """The share of the ill that must be found."""
    return float(np.random.default_rng([seed, 502]).choice([0.8, 0.85, 0.9]))


def draw_prevalence(seed: int) -> float:
    """The share of a clinic's visitors who are ill."""
    return int(np.random.default_rng([seed, 503]).integers(10, 81)) / 1000
