"""Training as it happens: one line for the batch, one drawing for the epochs, both updating."""

import time
from typing import Protocol

import pandas as pd
from IPython.display import Markdown, display

from helpers.app.figures.training import LiveCurves

_SECONDS_BETWEEN_LINES = 0.5


class TrainingProgress(Protocol):
    """Where a training is: see `helpers.model.training.Progress`."""

    epoch: int
    epochs: int
    step: int
    steps: int
    rows: tuple[dict[str, float], ...]


class LiveTraining:
    """Hand this to `fit` as `on_progress`; a stored notebook keeps only the last state."""

    def __init__(self, epochs: int):
        self._curves = LiveCurves(epochs)
        self._line = display(Markdown("Training begins"), display_id=True)
        self._drawn = 0
        self._last = 0.0

    def __call__(self, progress: TrainingProgress) -> None:
        """Show the batch at most twice a second, and the curves after each epoch."""
        now = time.monotonic()
        if now - self._last > _SECONDS_BETWEEN_LINES:
            self._last = now
            self._say(
                f"Epoch {progress.epoch} of {progress.epochs}, "
                f"batch {progress.step} of {progress.steps}"
            )
        if len(progress.rows) > self._drawn:
            self._draw(pd.DataFrame(progress.rows))

    def finish(self, history: pd.DataFrame, ending: str) -> None:
        """Draw the whole history and say why training ended."""
        self._draw(history)
        self._say(f"Training ended: {ending}.")

    def _draw(self, history: pd.DataFrame) -> None:
        self._drawn = len(history)
        self._curves(history)

    def _say(self, text: str) -> None:
        self._line.update(Markdown(text))
