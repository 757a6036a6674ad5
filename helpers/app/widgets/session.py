"""What the panel remembers: one entry a film, in memory, until it is told to forget."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from helpers.app.overlays import shrink
from helpers.model.prediction import Prediction

VIEWABLE = 50  # films that can be looked at again; older ones stay in the history without pixels
LONGEST_SIDE = 1600  # pixels kept of a film: enough for the viewer's zoom, little to remember


@dataclass
class Entry:
    """One film of the session.

    name: what it is called on the screen and in exports; the file's own name only if asked for.
    prediction: without pixels; `film` (uint8, shrunk) and `saliency` hold those while they last.
    """

    number: int
    name: str
    prediction: Prediction
    film: np.ndarray | None
    calibrated: bool
    time: datetime = field(default_factory=lambda: datetime.now().astimezone())

    def uncertain(self, threshold: float) -> bool:
        """Whether the film was accepted with less confidence than `threshold`."""
        confidence = self.prediction.confidence
        return confidence is not None and confidence < threshold


class Session:
    """The entries in the order in which they came."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._count = 0

    def __len__(self) -> int:
        """How many films are remembered."""
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        """The entries, the oldest first."""
        return iter(self._entries)

    def next_number(self) -> int:
        """The number that the next film gets; numbers are not used twice."""
        self._count += 1
        return self._count

    def add(self, number: int, name: str, prediction: Prediction, calibrated: bool) -> Entry:
        """Remember a prediction; the oldest film beyond VIEWABLE loses its pixels."""
        film = None if prediction.film is None else shrink(prediction.film, LONGEST_SIDE)
        # The prediction holds the film as read, up to 50 million pixels: let it go.
        entry = Entry(number, name, replace(prediction, film=None), film, calibrated)
        self._entries.append(entry)
        if len(self._entries) > VIEWABLE:
            self._entries[-VIEWABLE - 1].film = None
        return entry

    def viewable(self) -> list[Entry]:
        """Entries with a class and pixels to look at, the newest first."""
        recent = self._entries[-VIEWABLE:]
        return [e for e in reversed(recent) if e.prediction.accepted and e.film is not None]

    def latest(self, count: int) -> list[Entry]:
        """The newest `count` entries, the newest first."""
        return self._entries[: -count - 1 : -1]

    def clear(self) -> None:
        """Forget every film."""
        self._entries.clear()
