"""What the audits found: scores on films with parts blacked out, and the gate's error rates."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from helpers.app.figures.gallery import draw_film
from helpers.app.figures.intervals import Metric, interval_text
from helpers.app.figures.style import (
    ACCENT,
    CLASS_COLOURS,
    INK,
    MUTED,
    UNKNOWN_COLOUR,
    headline,
    light_grid,
    named,
    panels,
    single,
    styled,
)


@styled
def shortcut_audit(
    scores: Mapping[str, Metric], chance: float, flagged: Sequence[str] = (), metric: str = "AUROC"
) -> Figure:
    """One metric on the same test films with parts hidden, against chance.

    scores: what was left to see (`full film`, `lungs blacked out` …) to metric; flagged: those
    that score too well to be honest, drawn in the warning colour.
    """
    shown = {name: one for name, one in scores.items() if one.get("value") is not None}
    figure, axes = single(
        f"{metric} with parts of the films hidden", height=1.1 + 0.36 * len(shown)
    )
    for row, (name, one) in enumerate(shown.items()):
        colour = CLASS_COLOURS["COVID-19"] if name in flagged else ACCENT
        axes.barh(row, one["value"], 0.62, color=colour if row or name in flagged else MUTED)
        high = one["value"]
        if one.get("low") is not None and one.get("high") is not None:
            axes.plot([one["low"], one["high"]], [row, row], color=INK, lw=1.4)
            high = max(high, one["high"])
        axes.annotate(
            interval_text(one) + ("  flagged" if name in flagged else ""), (high, row),
            xytext=(6, 0), textcoords="offset points", va="center",
        )  # fmt: skip
    axes.vlines(chance, -0.5, len(shown) - 0.4, color=INK, lw=1, ls=":")
    axes.spines["bottom"].set_bounds(0, 1)
    axes.annotate("chance", (chance, -0.55), color=INK, ha="center", va="bottom")
    axes.set_yticks(range(len(shown)), list(shown))
    axes.set_ylim(len(shown) - 0.4, -0.95)
    axes.set_xlim(0, 1.45)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.tick_params(axis="y", length=0)
    told = [f"{name} {interval_text(one)}" for name, one in shown.items()]
    verdict = f" Flagged: {', '.join(flagged)}." if flagged else " Nothing was flagged."
    words = f"{metric} with parts hidden (chance {chance:.2f}): {'; '.join(told)}.{verdict}"
    return named(figure, "shortcut_audit", words)


@styled
def hidden_parts(versions: Mapping[str, np.ndarray]) -> Figure:
    """One film under each way of hiding, as the audit shows it to the network."""
    figure, axes = panels(1, len(versions), height=2.3)
    for panel, (name, film) in zip(axes, versions.items(), strict=True):
        draw_film(panel, film, name.replace(" ", "\n", 1) if len(name) > 14 else name)
    headline(figure, "What the audit shows to the network")
    return named(figure, "hidden_parts", f"One film, shown as: {', '.join(versions)}.")


@styled
def gate_rates(turned_away: Mapping[str, tuple[int, int]], wanted: Sequence[str] = ()) -> Figure:
    """The share of each kind of picture that the gate turned away.

    turned_away: kind (`photograph`, `lateral view`, `frontal film` …) to (turned away, shown);
    wanted: the kinds that should pass, drawn in another colour.
    """
    figure, axes = single("Pictures turned away by the gate", height=0.9 + 0.34 * len(turned_away))
    told = []
    for row, (kind, (away, shown)) in enumerate(turned_away.items()):
        share = away / shown if shown else 0.0
        axes.barh(row, 1.0, 0.62, color=UNKNOWN_COLOUR, alpha=0.4)
        colour = CLASS_COLOURS["COVID-19"] if kind in wanted else ACCENT
        axes.barh(row, share, 0.62, color=colour)
        axes.annotate(
            f"{away:,} of {shown:,}", (1.0, row), xytext=(6, 0), textcoords="offset points",
            va="center",
        )  # fmt: skip
        told.append(f"{kind} {away:,} of {shown:,}")
    axes.set_yticks(range(len(turned_away)), list(turned_away))
    axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.set_xlim(0, 1.2)
    axes.invert_yaxis()
    light_grid(axes, "x")
    axes.tick_params(axis="y", length=0)
    return named(figure, "gate_rates", f"Turned away: {'; '.join(told)}.")
