"""Learning curves, once or live while a network trains."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.app.figures.display import Shown
from helpers.app.figures.style import (
    MUTED,
    SPLIT_COLOURS,
    legend,
    light_grid,
    named,
    panels,
    styled,
)

_PARTS = (("loss", "Loss"), ("accuracy", "Accuracy"))


@styled
def training_curves(history: pd.DataFrame, epochs: int | None = None) -> Figure:
    """Loss and accuracy of each epoch on the training and the validation films.

    history: a row for each epoch with loss, accuracy, val_loss, val_accuracy (model/history.csv).
    epochs: how many are planned, so that live curves keep their scale.
    """
    figure, axes = panels(1, 2, height=3.0)
    last = max(len(history), epochs or 1)
    for panel, (column, title) in zip(axes, _PARTS, strict=True):
        _curve(panel, history, column, "train")
        _curve(panel, history, f"val_{column}", "validation")
        panel.set_title(title)
        panel.set_xlabel("epoch")
        panel.set_xlim(1, max(last, 2))
        panel.xaxis.get_major_locator().set_params(integer=True)
        light_grid(panel)
    axes[0].set_ylim(bottom=0)
    axes[1].set_ylim(0, 1.02)
    _mark_best(axes[1], history)
    legend(axes[1])
    return named(figure, "training_curves", _in_words(history))


class LiveCurves:
    """Training curves that grow below the cell: call it after each epoch with the history."""

    def __init__(self, epochs: int):
        self._epochs = epochs
        self._shown: Shown | None = None

    def __call__(self, history: pd.DataFrame) -> None:
        """Draw the epochs so far, in the place of the drawing before."""
        figure = training_curves(history, self._epochs)
        if self._shown is None:
            self._shown = Shown(figure)
        else:
            self._shown.update(figure)


def _curve(axes: Axes, history: pd.DataFrame, column: str, split: str) -> None:
    if column in history:
        epochs = range(1, len(history) + 1)
        marker = "o" if len(history) < 25 else None
        colour = SPLIT_COLOURS[split]
        axes.plot(epochs, history[column], color=colour, marker=marker, ms=4, label=split)


def _mark_best(axes: Axes, history: pd.DataFrame) -> None:
    """A dotted line at the epoch of the best validation accuracy."""
    if "val_accuracy" in history and history["val_accuracy"].notna().any():
        best = int(history["val_accuracy"].to_numpy().argmax()) + 1
        axes.axvline(best, color=MUTED, lw=1, ls=":", label="best validation\naccuracy")


def _in_words(history: pd.DataFrame) -> str:
    if history.empty:
        return "No epoch is finished yet."
    last = history.iloc[-1]
    parts = [
        f"{name} {last[column]:.2f}"
        for column, name in (
            ("loss", "training loss"),
            ("val_loss", "validation loss"),
            ("accuracy", "training accuracy"),
            ("val_accuracy", "validation accuracy"),
        )
        if column in history
    ]
    words = f"After epoch {len(history)}: {', '.join(parts)}."
    if "val_accuracy" in history and history["val_accuracy"].notna().any():
        best = int(history["val_accuracy"].to_numpy().argmax())
        value = history["val_accuracy"].iloc[best]
        words += f" Best validation accuracy {value:.2f} in epoch {best + 1}."
    return words
