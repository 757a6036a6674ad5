"""What it costs and wins when a network keeps silent where it is not sure."""

from collections.abc import Sequence

import pandas as pd


def price_of_doubt(
    predictions: pd.DataFrame, classes: Sequence[str], thresholds: Sequence[float]
) -> pd.DataFrame:
    """One row a threshold: how many films are answered, and how many answers are right.

    predictions: rows of predictions.csv (`label`, `predicted`, `p_<class>` for every class).
    Columns: `silent below`, `answered` (films), `share answered`, `share right` (of the answered;
    missing where none is).
    """
    confidence = predictions[[f"p_{name}" for name in classes]].max(axis=1)
    right = (predictions["label"] == predictions["predicted"]).astype(bool)
    rows = []
    for threshold in thresholds:
        answered = confidence >= threshold
        rows.append(
            {
                "silent below": threshold,
                "answered": int(answered.sum()),
                "share answered": round(float(answered.mean()), 3),
                "share right": round(float(right[answered].mean()), 3),
            }
        )
    return pd.DataFrame(rows)
