"""What preprocessing does to a film: enhancements side by side, before and after, the split."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.app.figures.gallery import draw_film, grey_histogram
from helpers.app.figures.style import (
    MUTED,
    class_colours,
    headline,
    in_class_order,
    legend,
    listed,
    named,
    panels,
    plural,
    styled,
)


@styled
def enhancements(versions: Mapping[str, np.ndarray]) -> Figure:
    """One film under each enhancement, the histogram of its grey values below each version.

    versions: name (`none`, `clahe` …) to film, uint8 (H, W).
    """
    names = list(versions)
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure, axes = panels(
        2 * rows,
        columns,
        height=2.5 * rows + 0.4,
        width=2.25 * columns,
        height_ratios=[4, 1] * rows,
    )
    for panel in axes:
        panel.set_axis_off()
    for place, name in enumerate(names):
        row, column = divmod(place, columns)
        picture, histogram = (
            axes[2 * row * columns + column],
            axes[(2 * row + 1) * columns + column],
        )
        picture.set_axis_on()
        draw_film(picture, versions[name])
        picture.set_anchor("W")  # title, film and histogram begin on one line
        picture.set_title(name.replace("_", " "), size=10)  # the longest must fit its column
        _draw_histogram(histogram, versions[name])
    headline(figure, "One film, enhanced in several ways")
    spread = [f"{name.replace('_', ' ')} {film.std():.0f}" for name, film in versions.items()]
    words = f"Contrast (standard deviation of the grey values): {listed(spread)}."
    return named(figure, "enhancements", words)


@styled
def before_after(
    originals: Sequence[np.ndarray], prepared: Sequence[np.ndarray], captions: Sequence[str]
) -> Figure:
    """Original films above, the same films as the network receives them below."""
    figure, axes = panels(2, len(originals), height=3.8, width=1.6 * len(originals) + 0.3)
    for place, (before, after) in enumerate(zip(originals, prepared, strict=True)):
        draw_film(axes[place], before, f"{before.shape[1]} × {before.shape[0]}")
        axes[place].set_title(captions[place], weight="normal")
        draw_film(axes[len(originals) + place], after, f"{after.shape[1]} × {after.shape[0]}")
    axes[0].set_ylabel("original")
    axes[len(originals)].set_ylabel("prepared")
    headline(figure, "Before and after preparation")
    height, width = prepared[0].shape
    words = f"{plural(len(originals), 'film')} before and after preparation to {width} × {height}."
    return named(figure, "before_after", words)


@styled
def split_composition(films: pd.DataFrame) -> Figure:
    """Films and patients of each split, by class.

    films: a row for each used film with the columns split, label and patient_id.
    """
    splits = [name for name in ("train", "validation", "test") if name in set(films["split"])]
    classes = in_class_order(films["label"].unique())
    figure, axes = panels(1, 2, height=0.9 + 0.42 * len(splits), sharey=True)
    patients = films.drop_duplicates(["split", "label", "patient_id"])
    for panel, table, noun in zip(axes, (films, patients), ("films", "patients"), strict=True):
        counts = pd.crosstab(table["split"], table["label"]).reindex(
            index=splits, columns=classes, fill_value=0
        )
        _draw_shares(panel, counts)
        panel.set_title(f"{noun.capitalize()} of each split")
    legend(axes[1], handlelength=1, handleheight=1)
    sizes = [f"{(films['split'] == name).sum():,} {name}" for name in splits]
    shared = int((films.groupby("patient_id")["split"].nunique() > 1).sum())
    verdict = f"{plural(shared, 'patient')} in" if shared else "no patient is in"
    words = f"Films: {listed(sizes)}; {verdict} more than one split."
    return named(figure, "split_composition", words)


def _draw_histogram(axes: Axes, film: np.ndarray) -> None:
    axes.set_axis_on()
    axes.bar(np.arange(64) * 4 + 2, grey_histogram(film, 64), width=4, color=MUTED)
    axes.set_yticks([])
    axes.set_xlim(0, 255)
    axes.set_xticks([0, 128, 255])
    axes.spines["left"].set_visible(False)


def _draw_shares(axes: Axes, counts: pd.DataFrame) -> None:
    """A bar of length 100 % for each split; the counts stand inside their parts."""
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0) * 100
    start = np.zeros(len(counts))
    for name, colour in class_colours(counts.columns).items():
        part = shares[name]
        bars = axes.barh(list(counts.index), part, 0.7, left=start, color=colour, label=name)
        texts = [f"{n:,}" if share > 8 else "" for n, share in zip(counts[name], part, strict=True)]
        axes.bar_label(bars, texts, label_type="center", color="white", weight="bold")
        start = start + part.to_numpy()
    if not axes.yaxis_inverted():
        axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of each class, %")
    axes.tick_params(axis="y", length=0)
