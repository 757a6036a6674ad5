"""What a training did so far and how it went: rows, best epoch, reason to stop."""

from dataclasses import dataclass, field

import pandas as pd
from sklearn.base import ClassifierMixin

from helpers.core.params import Parameters


@dataclass(frozen=True)
class Progress:
    """What a live display needs: where training is, and the history so far (a row an epoch)."""

    epoch: int
    epochs: int
    step: int
    steps: int
    rows: tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Training:
    """How a training went; the model then holds the weights of `best_epoch`.

    history: columns epoch, loss, accuracy, val_loss, val_accuracy, val_macro_f1, seconds;
    finished: False when the time budget ended it, the next run then goes on;
    head: the fitted scikit-learn head where one replaces the last layer, else None;
    resumed_from: epochs that an earlier run had done already; remarks: sentences to show.
    """

    history: pd.DataFrame
    best_epoch: int
    ending: str
    finished: bool
    resumed_from: int
    seconds: float
    remarks: tuple[str, ...]
    head: ClassifierMixin | None = None


@dataclass
class State:
    """A training under way: a row for each epoch done, and which was best (0: none yet)."""

    rows: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.rows)

    def add(self, row: dict[str, float], best_by: str) -> None:
        """Append an epoch's row and note whether it is the best so far."""
        self.rows.append(row)
        if not self.best_epoch or _is_better(row, self.rows[self.best_epoch - 1], best_by):
            self.best_epoch = self.epoch


def reason_to_stop(state: State, settings: Parameters) -> str | None:
    """Why no further epoch is needed, a function of the history alone, or None."""
    if state.epoch >= settings.epochs:
        return f"all {settings.epochs} epochs are done"
    if not state.epoch:
        return None
    reached = state.rows[-1].get("val_accuracy", 0.0)
    if settings.stop_at_accuracy is not None and reached >= settings.stop_at_accuracy:
        return f"the validation accuracy reached {settings.stop_at_accuracy:g}"
    if settings.patience is not None and state.epoch - state.best_epoch >= settings.patience:
        return f"no better epoch in {settings.patience}"
    return None


def _is_better(row: dict[str, float], best: dict[str, float], best_by: str) -> bool:
    if best_by == "last_epoch" or best_by not in row:
        return True
    sign = -1 if best_by == "val_loss" else 1
    return sign * row[best_by] > sign * best[best_by]
