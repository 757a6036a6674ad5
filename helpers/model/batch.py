"""Predict any number of films: all cores busy, memory flat, results in the order of the films."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from helpers.core.errors import SuiteError
from helpers.data.remarks import Remark, UnreadableFilmError
from helpers.data.sources import FilmSource
from helpers.model.prediction import Prediction
from helpers.model.predictor import Predictor

# Fetching waits and decoding computes, so more threads than cores; both let go of Python's lock.
THREADS = 4 * (os.cpu_count() or 1)


def predict_many(predictor: Predictor, sources: Iterable[FilmSource]) -> Iterator[Prediction]:
    """One Prediction for each source, in order; a source that fails gives one with its reason."""
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="predict")
    under_way: deque = deque()
    try:
        for source in sources:
            under_way.append(pool.submit(predict_source, predictor, source))
            if len(under_way) > THREADS:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def predict_source(predictor: Predictor, source: FilmSource) -> Prediction:
    """Read and predict one source; never raises for what the file or the store does."""
    try:
        data = source.read()
    except UnreadableFilmError as error:
        return predictor.turned_away(source.name, error.remark)
    except SuiteError as error:
        return predictor.turned_away(source.name, str(error))
    try:
        return predictor.predict_bytes(data, source.name)
    except MemoryError:
        return predictor.turned_away(source.name, Remark("no_memory"))
