"""One epoch of training: batches, each a pure function of seed, epoch and batch number."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from helpers.core.params import Parameters
from helpers.model.augmentation import Augmentation, augment, blend, draw
from helpers.model.backend import keras
from helpers.model.films import LabelledFilms


class EpochBatches:
    """Shuffled, augmented batches of the training films for one epoch.

    Item i is (films uint8 (B, S, S, 1), labels float32 (B, C)), and sample weights (B,) when
    `class_weights` is on. Asking twice gives the same batch.
    """

    def __init__(self, films: LabelledFilms, settings: Parameters, epoch: int):
        self._films, self._settings = films, settings
        self._plan = Augmentation.of(settings)
        generator = np.random.default_rng([settings.seed, epoch])
        self._order = generator.permutation(films.rows("train"))
        self._draws = draw(self._plan, len(self._order), generator)
        self._labels = soft_labels(films, settings.label_smoothing)
        self._weights = class_weights(films) if settings.class_weights else None

    def __len__(self) -> int:
        """Batches in the epoch."""
        return steps_per_epoch(len(self._order), self._settings.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Batch number `index`."""
        size = self._settings.batch_size
        rows = slice(index * size, min((index + 1) * size, len(self._order)))
        chosen = self._order[rows]
        films = augment(self._films.images[chosen], self._draws, rows, self._plan)[..., None]
        codes = self._films.codes[chosen]
        labels = blend(self._labels[codes], self._draws, rows, self._plan)
        if self._weights is None:
            return films, labels
        return films, labels, blend(self._weights[codes], self._draws, rows, self._plan)


def train_epoch(
    model: keras.Model,
    batches: EpochBatches | Sequence[tuple[np.ndarray, ...]],
    after_batch: Callable[[int], None] = lambda number: None,
) -> dict[str, float]:
    """One pass of a compiled network over an epoch's batches; the means of loss and metrics.

    after_batch: called with the number of batches done; an error it raises ends the pass.

    Keras's own `fit` is not used: with TensorFlow it ends each epoch by waiting for a thread of its
    input pipeline that sleeps ever longer, in the end as long as the whole epoch took.
    """
    logs, sizes = [], []
    with ThreadPoolExecutor(1) as ahead:  # makes the next batch while the network learns this one
        coming = ahead.submit(batches.__getitem__, 0)
        for number in range(1, len(batches) + 1):
            batch = coming.result()
            if number < len(batches):
                coming = ahead.submit(batches.__getitem__, number)
            logs.append(model.train_on_batch(*batch, return_dict=True))
            sizes.append(len(batch[0]))
            after_batch(number)
    return {name: float(np.average([log[name] for log in logs], weights=sizes)) for name in logs[0]}


def steps_per_epoch(films: int, batch_size: int) -> int:
    """Batches that hold `films`; the last may be smaller."""
    return -(-films // batch_size)


def soft_labels(films: LabelledFilms, smoothing: float) -> np.ndarray:
    """Row c is the label vector of class c, float32 (C, C); smoothing spreads a part evenly."""
    count = len(films.classes)
    return (np.eye(count) * (1 - smoothing) + smoothing / count).astype(np.float32)


def class_weights(films: LabelledFilms) -> np.ndarray:
    """Each class's weight, float32 (C,), so that all classes weigh the same in the training."""
    counts = np.bincount(films.codes[films.rows("train")], minlength=len(films.classes))
    return (counts.sum() / (len(counts) * np.maximum(counts, 1))).astype(np.float32)
