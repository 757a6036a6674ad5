"""Predict any number of films: all cores busy, memory flat, results in the order of the films."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from helpers.core.errors import SuiteError
from helpers.core.executor import Outcome, Pool, Threads, in_chunks, in_order, outcome
from helpers.core.machine import cores
from helpers.data.remarks import Remark, UnreadableFilmError
from helpers.data.sources import FilmSource
from helpers.model.prediction import Prediction
from helpers.model.predictor import Predictor

# Fetching waits and decoding computes, so more threads than cores; both let go of Python's lock.
THREADS = 4 * cores()
CHUNK = 4  # films of one task for another process: some may hold many megabytes

# A film on its way to a worker: its name, and its bytes or why there are none.
Read = tuple[str, bytes | str]


def predict_many(predictor: Predictor, sources: Iterable[FilmSource]) -> Iterator[Prediction]:
    """One Prediction for each source, in order, by threads of this process.

    A source that fails gives a Prediction with its reason.
    """
    pool = Threads(THREADS)
    try:
        for done in in_order(pool, partial(predict_source, predictor), sources, THREADS):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def predict_source(predictor: Predictor, source: FilmSource) -> Prediction:
    """Read and predict one source; never raises for what the file or the store does."""
    return _predict(predictor, read_source(source))


def predict_elsewhere(
    predictor: Predictor,
    folder: Path,
    sources: Iterable[FilmSource],
    pool: Pool,
    pictures: bool = False,
) -> Iterator[Prediction]:
    """As `predict_many`, but each film is read here and predicted by a worker of `pool`.

    folder: of the predictor's run, which the workers must see. pictures: whether films and
    saliency maps come back. A film that a worker dies of is turned away alone; the others of its
    task are sent again.
    """
    readers = Threads(THREADS)
    work = partial(predict_read, folder.absolute(), made(folder), pictures)
    try:
        read = (done.result() for done in in_order(readers, read_source, sources, THREADS))
        for done in in_order(pool, work, in_chunks(read, CHUNK)):
            yield from _answers(pool, work, predictor, done)
    finally:
        readers.shutdown(cancel_futures=True)


def _answers(
    pool: Pool, work: partial, predictor: Predictor, done: Outcome
) -> Iterator[Prediction]:
    """The predictions of one task; when it failed, film by film."""
    if done.error is None:
        yield from done.value
    elif len(done.item) > 1:
        for film in done.item:
            again = outcome([film], pool.submit(work, [film]))
            yield from _answers(pool, work, predictor, again)
    else:
        [(name, _)] = done.item
        yield predictor.turned_away(name, str(done.error))


def read_source(source: FilmSource) -> Read:
    """The name and bytes of one source, or why it cannot be read; never raises for that."""
    try:
        return source.name, source.read()
    except UnreadableFilmError as error:
        return source.name, error.remark
    except SuiteError as error:
        return source.name, str(error)
    except MemoryError:
        return source.name, Remark("no_memory")


def predict_read(folder: Path, made: int, pictures: bool, films: list[Read]) -> list[Prediction]:
    """On a worker: predict films that were read elsewhere."""
    predictor = _predictor(folder, made)
    found = [_predict(predictor, film) for film in films]
    return found if pictures else [replace(one, film=None, saliency=None) for one in found]


def made(folder: Path) -> int:
    """When the model of a run folder last changed: a cluster's workers outlive many trainings."""
    files = [folder / "run.json", *(folder / "model").glob("*")]
    return max(file.stat().st_mtime_ns for file in files if file.exists())


@lru_cache(maxsize=1)
def _predictor(folder: Path, made: int) -> Predictor:
    """The predictor of a run folder, loaded once in a process for each state of it."""
    return Predictor.load(folder)


def _predict(predictor: Predictor, film: Read) -> Prediction:
    name, data = film
    if isinstance(data, str):
        return predictor.turned_away(name, data)
    try:
        return predictor.predict_bytes(data, name)
    except MemoryError:
        return predictor.turned_away(name, Remark("no_memory"))
