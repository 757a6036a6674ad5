"""How well a network does: confusion, curves, calibration, intervals, comparisons.

`labels` are class names (N,), `probabilities` float (N, C) in the order of `classes`.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.app.figures.style import (
    ACCENT,
    INK,
    MUTED,
    class_colours,
    legend,
    light_grid,
    listed,
    named,
    panels,
    single,
    styled,
)

# The class whose curve is drawn when there are two: the other one is its mirror image.
_POSITIVE = {frozenset({"negative", "positive"}): "positive"}


@styled
def confusion_matrix(
    labels: Sequence[str], predicted: Sequence[str], classes: Sequence[str]
) -> Figure:
    """True class (rows) against predicted class (columns): films and share of the row."""
    import seaborn

    counts = pd.crosstab(
        pd.Categorical(labels, classes), pd.Categorical(predicted, classes), dropna=False
    )
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0) * 100
    texts = counts.map("{:,}".format) + shares.map("\n{:.0f} %".format)
    figure, axes = single("Confusion matrix", height=1.3 + 0.8 * len(classes), width=5.2)
    seaborn.heatmap(
        shares, annot=texts, fmt="", cmap="Blues", vmin=0, vmax=100, linewidths=2, ax=axes,
        cbar_kws={"label": "films of the true class, %"},
    )  # fmt: skip
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.tick_params(length=0)
    axes.set_yticklabels(axes.get_yticklabels(), rotation=0)
    right = [f"{counts.loc[name, name]:,} of {counts.loc[name].sum():,} {name}" for name in classes]
    return named(figure, "confusion_matrix", f"Correctly classified: {listed(right)}.")


@styled
def roc_curves(labels: Sequence[str], probabilities: np.ndarray, classes: Sequence[str]) -> Figure:
    """Sensitivity against 1 − specificity, one curve for each class against the rest."""
    from sklearn.metrics import roc_auc_score, roc_curve

    figure, axes = single("ROC: each class against the rest", height=4.2)
    areas = []
    for name, colour, truth, score in _curves(labels, probabilities, classes):
        false_rate, sensitivity, _ = roc_curve(truth, score)
        areas.append(f"{name} {roc_auc_score(truth, score):.3f}")
        axes.plot(false_rate, sensitivity, color=colour, label=areas[-1])
    axes.plot([0, 1], [0, 1], color=MUTED, lw=0.8, ls=":")
    axes.annotate("chance", (0.62, 0.57), color=MUTED, rotation=38, ha="center")
    _unit_square(axes, "1 − specificity", "sensitivity")
    legend(axes, title="area under the curve")
    return named(figure, "roc_curves", f"Area under the ROC curve: {_or_none(areas)}.")


@styled
def precision_recall_curves(
    labels: Sequence[str], probabilities: np.ndarray, classes: Sequence[str]
) -> Figure:
    """Precision against sensitivity; the dotted line is a guess at the class's share."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    figure, axes = single("Precision and recall: each class against the rest", height=4.2)
    areas = []
    for name, colour, truth, score in _curves(labels, probabilities, classes):
        precision, sensitivity, _ = precision_recall_curve(truth, score)
        areas.append(f"{name} {average_precision_score(truth, score):.3f}")
        axes.plot(sensitivity, precision, color=colour, label=areas[-1])
        axes.axhline(truth.mean(), color=colour, lw=0.8, ls=":")
    _unit_square(axes, "sensitivity (recall)", "precision (PPV)")
    legend(axes, title="average precision")
    words = f"Average precision: {_or_none(areas)}. Dotted lines: the share of each class."
    return named(figure, "precision_recall_curves", words)


@styled
def reliability(
    labels: Sequence[str],
    probabilities: np.ndarray,
    classes: Sequence[str],
    bins: int = 10,
    others: Mapping[str, np.ndarray] | None = None,
) -> Figure:
    """How often the predicted class was right, against the confidence in it.

    others: further probabilities of the same films under a name, such as after temperature scaling.
    """
    figure, (upper, lower) = panels(2, 1, height=4.6, height_ratios=[3, 1], sharex=True)
    upper.plot([0, 1], [0, 1], color=MUTED, lw=0.8, ls=":")
    versions = {"as predicted": probabilities, **(others or {})}
    gaps = []
    for (name, values), colour in zip(
        versions.items(), (ACCENT, "#D55E00", "#009E73"), strict=False
    ):
        table = reliability_table(labels, values, classes, bins)
        gap = float((table["films"] * (table["confidence"] - table["accuracy"]).abs()).sum())
        gaps.append(f"{name}: {gap / max(table['films'].sum(), 1):.3f}")
        upper.plot(table["confidence"], table["accuracy"], "o-", ms=5, color=colour, label=gaps[-1])
        lower.bar(table["middle"], table["films"], 1 / bins, fill=False, ec=colour, lw=1.5)
    upper.set(title="Reliability: is the confidence earned?", ylabel="films classified rightly")
    upper.set_ylim(0, 1.02)
    legend(upper, title="calibration error")
    lower.set(xlabel="confidence in the predicted class", ylabel="films", xlim=(0, 1))
    lower.set_ylim(bottom=0)
    light_grid(upper, "both")
    words = f"Expected calibration error (0 is perfect): {listed(gaps)}, {bins} bins."
    return named(figure, "reliability", words)


def reliability_table(
    labels: Sequence[str], probabilities: np.ndarray, classes: Sequence[str], bins: int = 10
) -> pd.DataFrame:
    """For each occupied confidence bin: its middle, films, mean confidence and accuracy."""
    best = probabilities.argmax(axis=1)
    right = np.asarray(classes, dtype=object)[best] == np.asarray(labels, dtype=object)
    confidence = probabilities.max(axis=1)
    table = pd.DataFrame({"confidence": confidence, "accuracy": right.astype(float)})
    table["bin"] = np.clip((confidence * bins).astype(int), 0, bins - 1)
    groups = table.groupby("bin")
    result = groups[["confidence", "accuracy"]].mean()
    result["films"] = groups.size()
    result["middle"] = (result.index + 0.5) / bins
    return result.reset_index(drop=True)


@styled
def threshold_tradeoff(
    positive: Sequence[bool], score: np.ndarray, threshold: float, name: str = "positive"
) -> Figure:
    """Sensitivity, specificity and precision at every threshold on the score of one class.

    threshold: the one chosen on the validation films; drawn as a line.
    """
    truth = np.asarray(positive, dtype=bool)
    steps = np.union1d(np.linspace(0, 1, 201), threshold)
    called = np.asarray(score)[None, :] >= steps[:, None]
    curves = {
        "sensitivity": _rate(called & truth, truth[None, :] & np.ones_like(called)),
        "specificity": _rate(~called & ~truth, ~truth[None, :] & np.ones_like(called)),
        "precision": _rate(called & truth, called),
    }
    figure, axes = single(f"Where to draw the line for {name}", height=3.4)
    colours = ("#D55E00", "#009E73", "#CC79A7")
    for (label, values), colour in zip(curves.items(), colours, strict=True):
        axes.plot(steps, values, color=colour, label=label)
    axes.axvline(threshold, color=INK, lw=1, ls="--", label=f"chosen: {threshold:.2f}")
    axes.set(xlabel=f"threshold on the probability of {name}", ylabel="share of films")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    light_grid(axes, "both")
    legend(axes)
    at = int(np.abs(steps - threshold).argmin())
    told = [f"{label} {values[at]:.2f}" for label, values in curves.items()]
    words = f"At the chosen threshold {threshold:.2f}: {listed(told)}."
    return named(figure, "threshold_tradeoff", words)


@styled
def probability_spread(
    labels: Sequence[str], probabilities: np.ndarray, classes: Sequence[str], name: str
) -> Figure:
    """The probability of class `name` for each film, a row for each true class."""
    import seaborn

    figure, axes = single(f"Probability of {name}, film by film", height=1.0 + 0.6 * len(classes))
    score = probabilities[:, list(classes).index(name)]
    seaborn.stripplot(
        x=score, y=pd.Categorical(labels, classes), hue=pd.Categorical(labels, classes),
        palette=class_colours(classes), size=4, alpha=0.6, jitter=0.3, legend=False, ax=axes,
    )  # fmt: skip
    axes.set(xlabel=f"probability of {name}", ylabel="true class", xlim=(-0.01, 1.01))
    light_grid(axes, "x")
    medians = pd.Series(score).groupby(np.asarray(labels, dtype=object)).median()
    told = [f"{label} {medians[label]:.2f}" for label in classes if label in medians]
    return named(figure, "probability_spread", f"Median probability of {name}: {listed(told)}.")


def _curves(
    labels: Sequence[str], probabilities: np.ndarray, classes: Sequence[str]
) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Name, colour, truth (N,) and score (N,) of each class that can have a curve."""
    wanted = [_POSITIVE.get(frozenset(classes), "")] if len(classes) == 2 else list(classes)
    wanted = wanted if wanted != [""] else [classes[0]]
    for name in wanted:
        truth = np.asarray(labels, dtype=object) == name
        if 0 < truth.sum() < len(truth):
            column = probabilities[:, list(classes).index(name)]
            yield name, class_colours(classes)[name], truth, column


def _rate(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    total = whole.sum(axis=1)
    return np.divide(part.sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)


def _or_none(parts: list[str]) -> str:
    return listed(parts) if parts else "not defined, because the films are all of one class"


def _unit_square(axes: Axes, x: str, y: str) -> None:
    axes.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.03), aspect="equal")
    light_grid(axes, "both")
