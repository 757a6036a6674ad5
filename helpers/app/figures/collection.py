"""What a collection holds: the counts behind a manifest, the unknown always shown beside them.

Every function takes a manifest (one row for each film) and tolerates a column that is missing
altogether: then every film is counted as unknown.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from helpers.app.figures.metadata import age_bins, countries, known_values
from helpers.app.figures.style import (
    ACCENT,
    MUTED,
    UNKNOWN,
    UNKNOWN_COLOUR,
    class_colours,
    counts_in_words,
    in_class_order,
    legend,
    light_grid,
    listed,
    named,
    panels,
    plural,
    single,
    styled,
)

NO_CLASS = "in no class"
_SEX = {"M": "male", "F": "female"}
_SURVIVAL = {"Y": "survived", "N": "died"}


def chart(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """A figure in the suite's style; a table without a row gives an empty one that says so."""

    @functools.wraps(draw)
    def drawn(table: pd.DataFrame, *options: Any, **named_options: Any) -> Figure:
        if len(table):
            return draw(table, *options, **named_options)
        figure, axes = single("No films to show", height=1)
        axes.set_axis_off()
        return named(figure, draw.__name__, "There are no films to show.")

    return styled(drawn)


@chart
def statuses(manifest: pd.DataFrame) -> Figure:
    """How many objects were used, excluded or unreadable, and for which reason."""
    reasons = known_values(manifest, "reason").replace(UNKNOWN, "")
    named_status = known_values(manifest, "status") + reasons.map(
        lambda why: f": {why}" if why else ""
    )
    counts = named_status.value_counts()
    counts = counts.loc[sorted(counts.index, key=lambda name: (name != "used", -counts[name]))]
    figure, axes = single("What became of every object listed", height=_bar_height(len(counts)))
    colours = [ACCENT if name == "used" else UNKNOWN_COLOUR for name in counts.index]
    bars = axes.barh([_short(name) for name in counts.index], counts, color=colours, height=0.7)
    axes.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
    _count_axis(axes, "objects")
    words = f"Of {plural(len(manifest), 'object')} listed: {counts_in_words(counts)}."
    return named(figure, "statuses", words)


@chart
def class_balance(manifest: pd.DataFrame) -> Figure:
    """Films and patients of each class, side by side, with each class's share."""
    labels = known_values(manifest, "label").replace(UNKNOWN, NO_CLASS)
    films = labels.value_counts()
    films = films.loc[in_class_order(films.index)]
    patients = manifest["patient_id"].groupby(labels).nunique().reindex(films.index)
    figure, axes = panels(1, 2, height=_bar_height(len(films)) + 0.2, sharey=True)
    colours = [_colour(name, films.index) for name in films.index]
    for panel, counts, noun in zip(axes, (films, patients), ("films", "patients"), strict=True):
        bars = panel.barh(list(counts.index), counts, color=colours, height=0.7)
        shares = counts / max(counts.sum(), 1)
        texts = [f"{n:,} ({share:.0%})" for n, share in zip(counts, shares, strict=True)]
        panel.bar_label(bars, texts, padding=4)
        panel.set_title(f"{noun.capitalize()} of each class")
        _count_axis(panel, noun, room=1.45)
    words = f"Films: {counts_in_words(films)}. Patients: {counts_in_words(patients)}."
    return named(figure, "class_balance", words)


@chart
def findings(manifest: pd.DataFrame, most: int = 12) -> Figure:
    """How often each finding word of the collection occurs, coloured by the class it became."""
    return _stacked(manifest, known_values(manifest, "finding"), "Finding", "finding", most=most)


@chart
def views(manifest: pd.DataFrame) -> Figure:
    """The views (PA, AP, AP Supine, L …), by class."""
    return _stacked(manifest, known_values(manifest, "view"), "View", "view")


@chart
def modalities(manifest: pd.DataFrame) -> Figure:
    """X-ray or CT, by class."""
    return _stacked(manifest, known_values(manifest, "modality"), "Modality", "modality")


@chart
def sexes(manifest: pd.DataFrame) -> Figure:
    """The patients' sex, by class."""
    values = known_values(manifest, "sex").replace(_SEX)
    return _stacked(manifest, values, "Sex", "sex")


@chart
def survival(manifest: pd.DataFrame) -> Figure:
    """Whether the patient survived, by class; mostly unknown in public collections."""
    values = known_values(manifest, "survival").replace(_SURVIVAL)
    return _stacked(manifest, values, "Survival", "survival")


@chart
def origins(manifest: pd.DataFrame, most: int = 12) -> Figure:
    """The country each film came from, read from its location, by class."""
    return _stacked(manifest, countries(manifest), "Country", "country", most=most)


@chart
def ages(manifest: pd.DataFrame) -> Figure:
    """Age in ten-year bins, by class, the films of unknown age in a bar of their own."""
    values = age_bins(manifest)
    table = _by_class(manifest, values)
    decades = sorted(set(values) - {UNKNOWN}, key=lambda text: int(text.split("–")[0]))
    table = table.reindex([*decades, *table.index.intersection([UNKNOWN])])
    figure, axes = single("Age of the patients, in ten-year bins", height=3.7)
    _stack(axes, table, upright=True)
    axes.set_xlabel("years")
    axes.set_ylabel("films")
    axes.margins(y=0.12)
    light_grid(axes, "y")
    years = pd.to_numeric(known_values(manifest, "age"), errors="coerce").dropna()
    middle = f"; the median age is {years.median():.0f} years" if len(years) else ""
    totals = [f"{name}: {int(films):,}" for name, films in table.sum(axis=1).items()]
    return named(figure, "ages", f"Films by age in years: {', '.join(totals)}{middle}.")


@chart
def image_sizes(manifest: pd.DataFrame) -> Figure:
    """Width against height of the original films; the area of a circle counts the films there."""
    sized = manifest.dropna(subset=["width", "height"])
    labels = known_values(sized, "label").replace(UNKNOWN, NO_CLASS)
    figure, axes = single("Size of the original films", height=3.8)
    spots = sized.groupby(["width", "height", labels.rename("label")]).size().rename("films")
    spots = spots.reset_index().sort_values("films", ascending=False)
    for label in in_class_order(labels.unique()):
        rows = spots[spots["label"] == label]
        colour = _colour(label, labels.unique())
        area = 18 + 500 * rows["films"] / len(sized)
        axes.scatter(rows["width"], rows["height"], area, color=to_rgba(colour, 0.4), ec=colour)
        axes.scatter([], [], 40, color=colour, label=label)
    axes.axline((0, 0), slope=1, color=MUTED, lw=0.8, ls=":")
    axes.annotate("square", (0.5, 0.47), xycoords="axes fraction", color=MUTED)
    axes.set_xlabel("width, pixels")
    axes.set_ylabel("height, pixels")
    axes.set_xlim(0, _above(sized["width"]))
    axes.set_ylim(0, _above(sized["height"]))
    legend(axes)
    return named(figure, "image_sizes", _sizes_in_words(sized))


@chart
def films_per_patient(manifest: pd.DataFrame) -> Figure:
    """How many patients have one film, two films, three films …"""
    sizes = manifest.groupby("patient_id").size()
    counts = sizes.value_counts().sort_index()
    figure, axes = single("Films of one patient", height=2.8)
    bars = axes.bar(counts.index.astype(str), counts, color=ACCENT, width=0.7)
    axes.bar_label(bars, [f"{count:,}" for count in counts], padding=3)
    axes.set_xlabel("films of the same patient")
    axes.set_ylabel("patients")
    axes.margins(y=0.15)
    several = int((sizes > 1).sum())
    words = (
        f"{plural(len(sizes), 'patient')}; {several:,} of them have more than one film "
        f"(at most {sizes.max() if len(sizes) else 0}), so a split by film would put the same "
        "patient on both sides."
        if several
        else f"{plural(len(sizes), 'patient')}, each with one film."
    )
    return named(figure, "films_per_patient", words)


@chart
def completeness(table: pd.DataFrame, columns: Sequence[str] | None = None) -> Figure:
    """The share of rows in which each metadata column is filled."""
    columns = list(table.columns if columns is None else columns)
    known = pd.Series({name: (known_values(table, name) != UNKNOWN).mean() for name in columns})
    known = known.sort_values(ascending=False)
    figure, axes = single("How much of the metadata is filled in", height=_bar_height(len(known)))
    axes.barh(list(known.index), 1.0, color=UNKNOWN_COLOUR, alpha=0.45, height=0.7)
    bars = axes.barh(list(known.index), known, color=ACCENT, height=0.7)
    axes.bar_label(bars, [f"{share:.0%}" for share in known], padding=4)
    axes.set_xlim(0, 1.08)
    axes.invert_yaxis()
    _no_axis(axes)
    parts = [f"{name} {share:.0%}" for name, share in known.items()]
    return named(figure, "completeness", f"Filled in: {listed(parts)} of the rows.")


def _stacked(
    manifest: pd.DataFrame, values: pd.Series, title: str, name: str, most: int = 12
) -> Figure:
    """Horizontal bars of the values, most frequent first, unknown last, stacked by class."""
    table = _by_class(manifest, _gather_rare(values, most))
    totals = table.sum(axis=1)
    last = [value for value in table.index if value.startswith("other (")]
    last += [UNKNOWN] if UNKNOWN in table.index else []
    order = [*totals.drop(last).sort_values(ascending=False, kind="stable").index, *last]
    figure, axes = single(title, height=_bar_height(len(order)) + 0.3)
    _stack(axes, table.loc[order], upright=False)
    _count_axis(axes, "films")
    unknown = totals.get(UNKNOWN, 0) / max(totals.sum(), 1)
    words = f"{title} of {plural(len(manifest), 'film')}: " + counts_in_words(totals.loc[order], 99)
    return named(figure, name, words + (f". Unknown for {unknown:.0%}." if unknown else "."))


def _by_class(manifest: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    """Counts: a row for each value, a column for each class."""
    labels = known_values(manifest, "label").replace(UNKNOWN, NO_CLASS)
    table = pd.crosstab(values.rename("value"), labels.rename("label"))
    return table[in_class_order(table.columns)]


def _gather_rare(values: pd.Series, most: int) -> pd.Series:
    """Values beyond the `most` frequent ones become one: `other (7)`."""
    frequent = values[values != UNKNOWN].value_counts().index
    rare = set(frequent[most:]) if len(frequent) > most + 1 else set()
    return values.map(lambda value: f"other ({len(rare)})" if value in rare else value)


def _stack(axes: Axes, table: pd.DataFrame, upright: bool) -> None:
    """Stacked bars of the table's rows, totals at their ends; `unknown` is pale and hatched."""
    start = np.zeros(len(table))
    places = np.arange(len(table)) + 0.35 * (table.index == UNKNOWN)
    names = [_short(value) for value in table.index]
    draw, base = (axes.bar, "bottom") if upright else (axes.barh, "left")
    (axes.set_xticks if upright else axes.set_yticks)(places, names)
    for label in table.columns:
        bars = draw(places, table[label], 0.7, color=_colour(label, table.columns), **{base: start})
        bars.set_label(label)
        for value, bar in zip(table.index, bars, strict=True):
            if value == UNKNOWN:
                bar.set(alpha=0.4, hatch="////", edgecolor="white")
        start = start + table[label].to_numpy()
    axes.bar_label(bars, [f"{int(total):,}" for total in start], padding=4)
    key = {"handlelength": 1, "handleheight": 1}
    if len(table.columns) > 1 and upright:
        axes.figure.legend(loc="outside lower center", ncols=len(table.columns), **key)
    elif len(table.columns) > 1:
        legend(axes, **key)


def _colour(label: str, labels: Sequence[str]) -> str:
    known = [name for name in labels if name not in (NO_CLASS, UNKNOWN)]
    return class_colours(known).get(label, UNKNOWN_COLOUR)


def _bar_height(bars: int) -> float:
    return 0.75 + 0.3 * max(bars, 2)


def _short(name: str, most: int = 44) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _count_axis(axes: Axes, noun: str, room: float = 1.12) -> None:
    """Bars from the top, their labels instead of a scale."""
    axes.set_xlim(0, axes.dataLim.xmax * room or 1)
    if not axes.yaxis_inverted():
        axes.invert_yaxis()
    _no_axis(axes)
    axes.annotate(
        f"number of {noun}", (0, 0), xycoords="axes fraction", xytext=(0, -6),
        textcoords="offset points", va="top", color=MUTED,
    )  # fmt: skip


def _no_axis(axes: Axes) -> None:
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _above(values: pd.Series) -> float:
    return float(values.max()) * 1.08 if len(values) else 1.0


def _sizes_in_words(sized: pd.DataFrame) -> str:
    if sized.empty:
        return "No film has a known size."
    pairs = sized.groupby(["width", "height"]).size().sort_values(ascending=False)
    (width, height), films = pairs.index[0], pairs.iloc[0]
    if len(pairs) == 1:
        return f"All {plural(len(sized), 'film')} are {width:.0f} × {height:.0f} pixels."
    wide, high = sized["width"], sized["height"]
    return (
        f"{plural(len(sized), 'film')} in {plural(len(pairs), 'size')}: {wide.min():.0f} to "
        f"{wide.max():.0f} pixels wide, {high.min():.0f} to {high.max():.0f} high; most frequent "
        f"{width:.0f} × {height:.0f} ({plural(int(films), 'film')})."
    )
