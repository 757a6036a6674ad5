"""Is one run better than another? Paired tests on the films that both runs held out."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.core.errors import SuiteError
from helpers.model.intervals import bootstrap, describe
from helpers.model.predictions import Predictions, check_predictions
from helpers.model.tally import OVERALL, Tally


def compare_predictions(
    first: Predictions, second: Predictions, *, resamples: int = 2000, seed: int = 0
) -> dict[str, Any]:
    """Differences first minus second on the same films, each with interval and p-value.

    Both runs are resampled with the same patients, so what makes a film hard cancels out. `p` is
    two-sided from the draws; `mcnemar` is the exact test on the films that one run alone gets
    right. It treats films as independent: with several films of a patient trust `differences`.
    Raises SuiteError unless both hold the same films in the same order.
    """
    if first.classes != second.classes or not np.array_equal(first.truth, second.truth):
        raise SuiteError(
            "The two runs do not hold the same films and classes: compare equal splits."
        )
    shares = dict.fromkeys(first.classes, 0.5)
    tallies = Tally(first, shares), Tally(second, shares)
    resampled = bootstrap(
        lambda weights: tallies[0](weights) - tallies[1](weights),
        first.patient_count,
        resamples,
        seed,
    )
    differences = {}
    for position, column in enumerate(tallies[0].columns):
        if column.metric in OVERALL and column.metric != "ece":
            described = describe(
                resampled, position, n=column.films, patients=column.patients, kind="difference"
            )
            described["p"] = _two_sided(resampled.draws[:, position])
            differences[column.metric] = described
    return {
        "n": len(first.truth),
        "patients": first.patient_count,
        "differences": differences,
        "mcnemar": mcnemar(first, second),
    }


def mcnemar(first: Predictions, second: Predictions) -> dict[str, Any]:
    """Films that only one run got right, and the exact two-sided binomial p-value."""
    from scipy.stats import binomtest

    right = first.predicted == first.truth, second.predicted == second.truth
    only_first, only_second = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    apart = only_first + only_second
    p = float(binomtest(only_first, apart).pvalue) if apart else 1.0
    return {"only_first_right": only_first, "only_second_right": only_second, "p": round(p, 6)}


def paired_predictions(
    first: pd.DataFrame, second: pd.DataFrame, groups: pd.Series, split: str = "test"
) -> tuple[Predictions, Predictions]:
    """The films of `split` that both tables of `predictions.csv` hold, in one order.

    groups: each film's patient, indexed by key. Raises SuiteError where the runs share no test
    film, name other classes, or disagree about a film's label.
    """
    classes = class_columns(first)
    if classes != class_columns(second):
        raise SuiteError(
            f"The runs have other classes ({', '.join(classes)} against "
            f"{', '.join(class_columns(second))}): only runs of the same task can be compared."
        )
    tables = [table[table["split"] == split].set_index("key") for table in (first, second)]
    keys = tables[0].index[tables[0].index.isin(tables[1].index)]
    if len(keys) == 0:
        raise SuiteError(f"The runs share no film of the {split} split: give both the same split.")
    tables = [table.loc[keys] for table in tables]
    if (tables[0]["label"] != tables[1]["label"]).any():
        raise SuiteError(
            "The runs disagree about the labels of their films: compare one task only."
        )
    return tuple(
        check_predictions(
            table["label"],
            table[[f"p_{name}" for name in classes]].to_numpy(),
            classes,
            groups.loc[keys],
        )
        for table in tables
    )


def class_columns(predictions: pd.DataFrame) -> list[str]:
    """The classes of a `predictions.csv`, in the order of its `p_` columns."""
    return [name.removeprefix("p_") for name in predictions.columns if name.startswith("p_")]


def _two_sided(draws: np.ndarray) -> float | None:
    """Share of draws on the other side of zero, doubled; never below one draw of all."""
    draws = draws[np.isfinite(draws)]
    if len(draws) == 0:
        return None
    side = min((draws <= 0).mean(), (draws >= 0).mean())
    return round(float(min(1.0, max(2 * side, 1 / len(draws)))), 6)
