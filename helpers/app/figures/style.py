"""One look for every figure: class colours, type and size, and the words that stand beside it.

Okabe and Ito's colours (2008) stay apart for colour-blind readers; a class keeps its colour in
every figure of the suite. Figures are plain `matplotlib.figure.Figure` objects, so nothing is kept
alive by pyplot and nothing is drawn until it is shown or saved.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 7.0  # inches; 700 pixels at the DPI below, one notebook column
DPI = 100

INK = "#222222"
MUTED = "#767676"  # the lightest grey that is still readable on white (contrast 4.5)
RULE = "#dddddd"
UNKNOWN_COLOUR = "#c4c4c4"
ACCENT = "#0072B2"

CLASS_COLOURS = {
    "COVID-19": "#D55E00",
    "positive": "#D55E00",
    "No finding": "#009E73",
    "negative": "#009E73",
    "Pneumonia": "#0072B2",
}
OTHER_COLOURS = ("#E69F00", "#CC79A7", "#56B4E9", "#F0E442", "#8c6bb1", "#7f7f7f")
SPLIT_COLOURS = {"train": "#4d4d4d", "validation": "#E69F00", "test": "#56B4E9"}
UNKNOWN = "unknown"

# Used as a decorator: each figure is drawn in this style without touching the caller's settings.
styled = rc_context(
    {
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelsize": 10,
        "axes.labelcolor": INK,
        "axes.edgecolor": MUTED,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.prop_cycle": cycler(color=[ACCENT, *OTHER_COLOURS]),
        "grid.color": RULE,
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
        "text.color": INK,
        "legend.frameon": False,
        "legend.fontsize": 10,
        "lines.linewidth": 1.8,
        "figure.facecolor": "white",
        "figure.dpi": DPI,
        "figure.titlesize": 11,
        "figure.titleweight": "bold",
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.h_pad": 0.09,
        "figure.constrained_layout.w_pad": 0.06,
        "image.cmap": "gray",
        "hatch.linewidth": 0.6,
        "savefig.facecolor": "white",
    }
)


def class_colours(classes: Iterable[str]) -> dict[str, str]:
    """A colour for each class: the fixed one where there is one, else the next free colour."""
    names = list(dict.fromkeys(str(name) for name in classes))
    spare = iter(OTHER_COLOURS * (1 + len(names) // len(OTHER_COLOURS)))
    return {name: CLASS_COLOURS.get(name) or next(spare) for name in names}


def in_class_order(names: Iterable[str]) -> list[str]:
    """The classes in the order every figure uses: ours first, then others by name."""
    found = {str(name) for name in names}
    return [name for name in CLASS_COLOURS if name in found] + sorted(found - set(CLASS_COLOURS))


def single(title: str, *, height: float = 3.2, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure with one panel and its title."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_subplot()
    axes.set_title(title)
    return figure, axes


def panels(
    rows: int, columns: int, *, height: float, width: float = WIDTH, **options
) -> tuple[Figure, list[Axes]]:
    """A figure with `rows` x `columns` panels, given as one list in reading order."""
    figure = Figure(figsize=(width, height))
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, list(axes.flat)


def headline(figure: Figure, text: str) -> None:
    """The title of a figure with several panels, at the left like every title."""
    figure.suptitle(text, x=0.01, ha="left")


def named(figure: Figure, name: str, words: str) -> Figure:
    """Give the figure its file name and its text alternative (see `alt_text`)."""
    figure.set_label(name)
    figure.alt_text = " ".join(words.split())  # type: ignore[attr-defined]
    return figure


def alt_text(figure: Figure) -> str:
    """What the figure shows, in words that were computed from the same data."""
    return getattr(figure, "alt_text", "")


def figure_name(figure: Figure) -> str:
    """The figure's name, fit for a file: `class_balance`."""
    return str(figure.get_label()) or "figure"


def listed(parts: Iterable[str]) -> str:
    """`a, b and c`: a list as a sentence says it."""
    words = list(parts)
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def counts_in_words(counts: Mapping[str, int], most: int = 6) -> str:
    """`Italy 12; Spain 7; 9 others 30`: the first counts, and the rest summed up."""
    items = [(str(name), int(number)) for name, number in counts.items()]
    parts = [f"{name} {number:,}" for name, number in items[:most]]
    rest = items[most:]
    if rest:
        parts.append(f"{len(rest)} others {sum(number for _, number in rest):,}")
    return "; ".join(parts) or "none"


def plural(number: int, noun: str) -> str:
    """`1 film`, `2 films`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def legend(axes: Axes, **options: Any) -> None:
    """A legend, at the right of the panel unless `loc` is given; none where nothing has a label."""
    beside = {} if "loc" in options else {"loc": "upper left", "bbox_to_anchor": (1, 1)}
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**beside, **options)


def light_grid(axes: Axes, axis: str = "y") -> None:
    """Faint lines along one axis, for reading values off."""
    axes.grid(True, axis=axis)
    axes.tick_params(axis=axis, length=0)


def bare(axes: Axes) -> None:
    """No ticks and no frame: for a panel that holds a film."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
