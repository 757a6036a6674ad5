"""Films side by side: a grid for each class, mean films, grey values, pairs that look the same.

A film is uint8 (H, W); a stack is uint8 (N, H, W).
"""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.app.figures.style import (
    MUTED,
    WIDTH,
    bare,
    class_colours,
    headline,
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

Film = np.ndarray


def draw_film(axes: Axes, film: Film, caption: str = "") -> None:
    """One film on the grey scale 0 to 255, its proportions kept, a caption below."""
    axes.imshow(film, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    axes.set_xlabel(caption)
    bare(axes)


@styled
def film_grid(
    films: Mapping[str, Sequence[Film]], title: str = "Films of each class", columns: int = 5
) -> Figure:
    """A row of films for each class; `films` maps a class to its films (the first `columns`)."""
    classes = [name for name in in_class_order(films) if len(films[name])]
    columns = max([1, *(min(columns, len(films[name])) for name in classes)])
    side = min(1.3, WIDTH / columns)
    figure, axes = panels(
        max(len(classes), 1), columns, height=side * len(classes) + 0.6, width=side * columns + 0.3
    )
    colours = class_colours(classes)
    for place, panel in enumerate(axes):
        name = classes[place // columns] if classes else ""
        if not name or place % columns >= len(films[name]):
            panel.set_axis_off()
            continue
        draw_film(panel, films[name][place % columns])
        if place % columns == 0:
            panel.set_ylabel(name, color=colours[name], weight="bold")
    headline(figure, title)
    shown = [f"{min(columns, len(films[name]))} of {name}" for name in classes]
    return named(figure, "film_grid", f"Films shown: {listed(shown)}; a row for each class.")


@styled
def mean_films(stacks: Mapping[str, Film]) -> Figure:
    """The mean film of each class: a network sees what differs here before it sees any lung."""
    classes = in_class_order(stacks)
    figure, axes = panels(1, len(classes), height=3.0, width=min(WIDTH, 2.3 * len(classes)))
    means = {name: np.mean(stacks[name], axis=0, dtype=np.float64) for name in classes}
    for panel, name in zip(axes, classes, strict=True):
        draw_film(panel, means[name], f"{plural(len(stacks[name]), 'film')}")
        panel.set_title(name, color=class_colours(classes)[name])
    headline(figure, "The mean film of each class")
    levels = [f"{name} {mean.mean():.0f}" for name, mean in means.items()]
    words = f"The mean film of each class. Mean grey value (0 to 255): {listed(levels)}."
    return named(figure, "mean_films", words)


@styled
def intensities(stacks: Mapping[str, Film], bins: int = 64) -> Figure:
    """Grey values of each class: the mean histogram, and the middle 80 % of the films around it."""
    figure, axes = single("Grey values of the films, by class", height=3.2)
    classes = in_class_order(stacks)
    middles = np.arange(bins) * 256 / bins + 128 / bins
    for name, colour in class_colours(classes).items():
        shares = np.stack([grey_histogram(film, bins) for film in stacks[name]]) * 100
        low, high = np.percentile(shares, [10, 90], axis=0)
        axes.fill_between(middles, low, high, color=colour, alpha=0.18, lw=0)
        axes.plot(middles, shares.mean(axis=0), color=colour, label=name)
    axes.set_xlabel("grey value (0 black, 255 white)")
    axes.set_ylabel("pixels, %")
    axes.set_xlim(0, 255)
    _cut_off_ends(axes)
    light_grid(axes)
    legend(axes)
    levels = [
        f"{name} {np.mean(stacks[name]):.0f} (standard deviation {np.std(stacks[name]):.0f})"
        for name in classes
    ]
    return named(figure, "intensities", f"Mean grey value: {listed(levels)}.")


def _cut_off_ends(axes: Axes) -> None:
    """A scale for the middle of the histogram: black borders and burnt-out white tower above it."""
    top = max([line.get_ydata()[1:-1].max() for line in axes.lines], default=1) * 1.6
    axes.set_ylim(0, top)
    if any(line.get_ydata().max() > top for line in axes.lines):
        note = "black (0) or white (255) reaches above this scale"
        axes.annotate(
            note, (0.5, 0.97), xycoords="axes fraction", color=MUTED, va="top", ha="center"
        )


def grey_histogram(film: Film, bins: int) -> np.ndarray:
    """The share of pixels in each of `bins` equal grey-value bins; sums to 1."""
    counts = np.bincount(film.ravel().astype(np.int64) * bins // 256, minlength=bins)
    return counts / max(film.size, 1)


@styled
def film_pairs(
    pairs: Sequence[tuple[Film, Film]],
    captions: Sequence[tuple[str, str]],
    title: str = "Films that show the same picture",
) -> Figure:
    """Pairs of films beside each other, two pairs a row, each film with its caption."""
    rows = max(1, -(-len(pairs) // 2))
    figure, axes = panels(rows, 4, height=2.0 * rows + 0.5)
    for panel in axes[2 * len(pairs) :]:
        panel.set_axis_off()
    for place, (pair, words) in enumerate(zip(pairs, captions, strict=True)):
        for side in (0, 1):
            draw_film(axes[2 * place + side], pair[side], _wrapped(words[side]))
    headline(figure, title)
    if not pairs:
        axes[0].annotate("none found", (0, 0.5), xycoords="axes fraction", color=MUTED)
        return named(figure, "film_pairs", "No pair of films shows the same picture.")
    told = "; ".join(f"{first} and {second}" for first, second in captions)
    return named(figure, "film_pairs", f"{plural(len(pairs), 'pair')}: {told}.")


def _wrapped(text: str) -> str:
    """A caption in two lines at most; a longer one loses its end."""
    lines = textwrap.wrap(text, width=20)
    return "\n".join(lines[:2]) + ("…" if len(lines) > 2 else "")
