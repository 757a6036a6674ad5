"""The figures of a report page, as PNG inside the page; no film is shown, only charts."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from helpers.app.figures import (
    alt_text,
    collection,
    evaluation,
    figure_name,
    intervals,
    png_bytes,
    preparation,
    training,
)
from helpers.app.figures.metadata import UNKNOWN, known_values
from helpers.model.comparison import class_columns
from helpers.model.subgroups import subgroup_table
from helpers.suite.report.facts import RunFacts
from helpers.suite.report.tables import MAIN_SCORES, SCORE_NAMES


@dataclass(frozen=True)
class Picture:
    """A figure ready for a page: its name, its words, and its bytes as a data address."""

    name: str
    words: str
    address: str


def picture(figure: Figure) -> Picture:
    """Draw one figure."""
    data = base64.b64encode(png_bytes(figure)).decode("ascii")
    return Picture(figure_name(figure), alt_text(figure), f"data:image/png;base64,{data}")


def data_figures(facts: RunFacts) -> Iterator[Figure]:
    """Classes, splits, and the metadata that is known at all."""
    yield collection.class_balance(facts.used)
    if facts.used["split"].notna().any():
        yield preparation.split_composition(facts.used.dropna(subset=["split"]))
    charts = {"view": collection.views, "sex": collection.sexes, "age": collection.ages}
    for column, draw in charts.items():
        if (known_values(facts.used, column) != UNKNOWN).any():
            yield draw(facts.used)


def training_figures(facts: RunFacts) -> Iterator[Figure]:
    """The learning curves."""
    if facts.history is not None:
        yield training.training_curves(facts.history)


def result_figures(facts: RunFacts) -> Iterator[Figure]:
    """Scores with intervals, confusion, curves, reliability and subgroups on the test films."""
    if facts.metrics is not None:
        scores = {title: facts.metrics.get(name, {}) for name, title in SCORE_NAMES.items()}
        yield intervals.metric_intervals(scores, "Scores on the test films, 95 % interval")
    if facts.predictions is not None:
        test = facts.predictions[facts.predictions["split"] == "test"]
        classes = class_columns(test)
        probabilities = test[[f"p_{name}" for name in classes]].to_numpy(np.float64)
        labels = test["label"].to_numpy(object)
        yield evaluation.confusion_matrix(labels, test["predicted"].to_numpy(object), classes)
        yield evaluation.roc_curves(labels, probabilities, classes)
        yield evaluation.precision_recall_curves(labels, probabilities, classes)
        yield evaluation.reliability(labels, probabilities, classes)
    if (facts.metrics or {}).get("subgroups"):
        table = subgroup_table(facts.metrics["subgroups"], "accuracy")
        yield intervals.subgroup_intervals(table, "accuracy")


def comparison_figures(runs: Sequence[RunFacts]) -> Iterator[Figure]:
    """The runs' main scores side by side."""
    scored = {
        run.name: {SCORE_NAMES[name]: run.metrics.get(name, {}) for name in MAIN_SCORES}
        for run in runs
        if run.metrics is not None
    }
    if len(scored) > 1:
        yield intervals.systems_comparison(scored, [SCORE_NAMES[name] for name in MAIN_SCORES])
