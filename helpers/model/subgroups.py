"""Scores by subgroup (source, view, sex, age band): a good mean can hide a group it fails."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.model.intervals import bootstrap, describe
from helpers.model.predictions import Predictions
from helpers.model.tally import Tally

UNKNOWN = "unknown"
AGE_EDGES = (0, 18, 40, 60, 80, 200)
MOST_GROUPS = 8  # of one kind; some collections name a hundred web sites as their sources
SMALL_GROUP = 20  # patients; below this a difference between groups is mostly chance
METRICS = ("accuracy", "auroc")


def subgroup_names(films: pd.DataFrame) -> pd.DataFrame:
    """One column for each kind of subgroup, `unknown` where the manifest says nothing.

    films: manifest rows in the order of the predictions; a missing column is all unknown.
    """
    names = pd.DataFrame(index=films.index)
    for kind in ("source", "view", "sex"):
        column = films.get(kind, pd.Series(pd.NA, index=films.index))
        text = column.astype("string").str.strip()
        names[kind] = _merge_rare(text.mask(text.eq("")).fillna(UNKNOWN).astype(str))
    names["age band"] = age_bands(films.get("age", pd.Series(np.nan, index=films.index)))
    return names


def _merge_rare(names: pd.Series) -> pd.Series:
    """Keep the most frequent groups; the rest become one that says how many it holds."""
    counts = names.value_counts()
    rare = counts.index[MOST_GROUPS:]
    return names.where(~names.isin(rare), f"{len(rare)} others")


def age_bands(ages: pd.Series) -> pd.Series:
    """Years as `under 18`, `18-39`, `40-59`, `60-79`, `80 and over`, or `unknown`."""
    labels = ["under 18", "18-39", "40-59", "60-79", "80 and over"]
    years = pd.to_numeric(ages, errors="coerce").astype(float)
    bands = pd.cut(years, AGE_EDGES, right=False, labels=labels)
    return bands.astype(object).where(bands.notna(), UNKNOWN).astype(str)


def score_subgroups(
    predictions: Predictions, films: pd.DataFrame, *, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """One row for each subgroup: kind, group, n, patients, small, films by class, and its scores.

    `small` marks a group below 20 patients, or one whose scores have no interval. A kind that is
    unknown for every film has the one row `unknown`.
    """
    rows = []
    for kind, names in subgroup_names(films).items():
        for group in sorted(names.unique(), key=lambda name: (name == UNKNOWN, name)):
            chosen = predictions.select((names == group).to_numpy())
            rows.append(
                {"kind": kind, "group": group} | _score(chosen, resamples=resamples, seed=seed)
            )
    return rows


def _score(films: Predictions, *, resamples: int, seed: int) -> dict[str, Any]:
    counts = np.bincount(films.truth, minlength=len(films.classes))
    tally = Tally(films, dict.fromkeys(films.classes, 0.5))
    resampled = bootstrap(tally, films.patient_count, resamples, seed)
    row: dict[str, Any] = {
        "n": len(films.truth),
        "patients": films.patient_count,
        "small": films.patient_count < SMALL_GROUP,
        "films_by_class": dict(zip(films.classes, counts.tolist(), strict=True)),
    }
    for position, column in enumerate(tally.columns):
        if column.metric in METRICS:
            row[column.metric] = describe(
                resampled, position, n=column.films, patients=column.patients
            )
            if row[column.metric]["value"] is None:
                row[column.metric]["reason"] = "the group holds films of one class only"
    return row


def subgroup_table(rows: list[dict[str, Any]], metric: str) -> pd.DataFrame:
    """One metric of the rows: group, value, n, patients, score, low, high and a remark."""
    return pd.DataFrame(
        [
            {
                "group": row["kind"],
                "value": row["group"],
                "n": row["n"],
                "patients": row["patients"],
                "score": row[metric]["value"],
                "low": row[metric]["low"],
                "high": row[metric]["high"],
                "remark": row[metric].get("reason") or ("small group" if row["small"] else ""),
            }
            for row in rows
        ]
    ).astype({"score": float, "low": float, "high": float})
