"""Values with their confidence intervals: metrics of a run, subgroups, systems side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.app.figures.style import (
    ACCENT,
    INK,
    MUTED,
    OTHER_COLOURS,
    legend,
    light_grid,
    named,
    single,
    styled,
)

Metric = Mapping[str, Any]  # value, low, high, n; any may be None


@styled
def metric_intervals(metrics: Mapping[str, Metric], title: str = "Scores, 95 % interval") -> Figure:
    """A dot for each metric with its interval and its number; `metrics` maps name to metric."""
    shown = {name: metric for name, metric in metrics.items() if _number(metric, "value")}
    figure, axes = single(title, height=0.9 + 0.32 * max(len(shown), 1))
    _dots(axes, list(shown), list(shown.values()), ACCENT, 0.0)
    _rows(axes, list(shown))
    told = [f"{name} {interval_text(metric)}" for name, metric in shown.items()]
    return named(figure, "metric_intervals", f"{title}: {'; '.join(told) or 'none'}.")


@styled
def subgroup_intervals(table: pd.DataFrame, metric: str) -> Figure:
    """One metric in each subgroup, with its number of films.

    table: rows with the columns group (such as `sex`), value (`F`), n, score, low and high.
    """
    rows = table.to_dict("records")
    names = [f"{row['group']}: {row['value']} (n = {int(row['n']):,})" for row in rows]
    metrics = [{"value": row["score"], "low": row["low"], "high": row["high"]} for row in rows]
    figure, axes = single(
        f"{metric[:1].upper()}{metric[1:]} in subgroups, 95 % interval",
        height=0.9 + 0.32 * len(rows),
    )
    _dots(axes, names, metrics, ACCENT, 0.0)
    _rows(axes, names)
    told = [f"{name} {interval_text(one)}" for name, one in zip(names, metrics, strict=True)]
    return named(figure, "subgroup_intervals", f"{metric}: {'; '.join(told) or 'no subgroup'}.")


@styled
def systems_comparison(
    runs: Mapping[str, Mapping[str, Metric]], names: Sequence[str], title: str = "Runs side by side"
) -> Figure:
    """The metrics `names` of several runs or systems, a colour for each.

    runs: name of the run to its metrics. A metric that a run lacks is left out of its row.
    """
    figure, axes = single(title, height=1.0 + (0.24 * len(runs) + 0.2) * len(names))
    step = 0.7 / max(len(runs), 1)
    colours = [ACCENT, *OTHER_COLOURS]
    for place, (run, metrics) in enumerate(runs.items()):
        chosen = [metrics.get(name, {}) for name in names]
        shift = (place - (len(runs) - 1) / 2) * step
        _dots(axes, names, chosen, colours[place % len(colours)], shift, run)
    _rows(axes, names)
    legend(axes, loc="upper left", bbox_to_anchor=(1.1, 1))
    told = [
        f"{run}: " + ", ".join(f"{name} {interval_text(metrics.get(name, {}))}" for name in names)
        for run, metrics in runs.items()
    ]
    return named(figure, "systems_comparison", f"{title}. {'; '.join(told)}.")


def interval_text(metric: Metric) -> str:
    """`0.82 (0.76–0.88)`, without the brackets where there is no interval; `–` where no value."""
    if not _number(metric, "value"):
        return "–"
    text = f"{metric['value']:.2f}"
    if _number(metric, "low") and _number(metric, "high"):
        text += f" ({metric['low']:.2f}–{metric['high']:.2f})"
    return text


def _number(metric: Metric, name: str) -> bool:
    value = metric.get(name)
    return value is not None and bool(np.isfinite(value))


def _dots(
    axes: Axes,
    names: Sequence[str],
    metrics: Sequence[Metric],
    colour: str,
    shift: float,
    label: str | None = None,
) -> None:
    """Dots with whiskers at rows 0, 1, 2 …, moved by `shift`; the number stands at the right."""
    for row, metric in enumerate(metrics):
        if not _number(metric, "value"):
            continue
        if _number(metric, "low") and _number(metric, "high"):
            axes.plot([metric["low"], metric["high"]], [row + shift] * 2, color=colour, lw=2)
        axes.plot(metric["value"], row + shift, "o", color=colour, ms=6, label=label)
        label = None
        axes.annotate(
            f"{metric['value']:.2f}", (1.0, row + shift), xycoords=("axes fraction", "data"),
            xytext=(6, 0), textcoords="offset points", va="center",
            color=INK,
        )  # fmt: skip


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)
    axes.set_xlim(0, 1.01)
    axes.tick_params(axis="y", length=0)
    light_grid(axes, "x")
    for row in range(1, len(names)):
        axes.axhline(row - 0.5, color=MUTED, lw=0.2)


__all__ = ["interval_text", "metric_intervals", "subgroup_intervals", "systems_comparison"]
