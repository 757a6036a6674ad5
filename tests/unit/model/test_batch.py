"""predict_many: order kept, cores busy, a window of films at most, failures beside their film."""

import os
import threading
from collections.abc import Iterator

import pytest

from helpers.core.errors import SuiteError
from helpers.core.executor import Threads
from helpers.data.remarks import UnreadableFilmError
from helpers.data.sources import FilmSource
from helpers.model import batch
from helpers.model.batch import predict_elsewhere, predict_many
from helpers.model.prediction import Prediction


class Stub:
    """Stands for a predictor where only the order of work matters."""

    def predict_bytes(self, data: bytes, file: str) -> Prediction:
        if data == b"huge":
            raise MemoryError
        return Prediction(file, True, None, "a", {"a": 1.0}, 1.0, "not audited", 1.0)

    def turned_away(self, file: str, reason: str) -> Prediction:
        return Prediction(file, False, reason, None, {}, None, "not audited", 0.0)


def source(name: str, read=lambda: b"film") -> FilmSource:
    return FilmSource(name, read)


def test_results_come_in_the_order_of_the_films() -> None:
    first_may_end = threading.Event()

    def slow() -> bytes:
        first_may_end.wait(5)
        return b"film"

    def last() -> bytes:
        first_may_end.set()
        return b"film"

    films = [source("0", slow), source("1"), source("2", last)]
    assert [result.file for result in predict_many(Stub(), films)] == ["0", "1", "2"]
    assert first_may_end.is_set()  # so the later films were read while the first one waited


def test_only_a_window_of_films_is_under_way() -> None:
    asked = []

    def films() -> Iterator[FilmSource]:
        for number in range(10_000):
            asked.append(number)
            yield source(str(number))

    results = predict_many(Stub(), films())
    for _ in range(100):
        next(results)
    assert len(asked) <= 100 + batch.THREADS + 1
    results.close()


def failing(error: Exception):
    def read() -> bytes:
        raise error

    return read


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (failing(UnreadableFilmError("unreachable")), "could not be read"),
        (failing(SuiteError("the store is down")), "the store is down"),
        (lambda: b"huge", "no memory left"),
    ],
)
def test_a_failure_stays_with_its_film(read, words: str) -> None:
    good, bad, also_good = predict_many(Stub(), [source("0"), source("1", read), source("2")])
    assert good.accepted
    assert also_good.accepted
    assert (bad.accepted, bad.file) == (False, "1")
    assert words in bad.reason


class Workers(Threads):
    """Workers that die of one film, as processes do of a film that crashes its decoder."""

    def submit(self, work, films):
        if any(data == b"deadly" for _, data in films):
            return super().submit(failing(SuiteError("The worker process was ended by SIGSEGV.")))
        return super().submit(work, films)


def test_a_film_that_ends_its_worker_is_turned_away_alone(tmp_path, monkeypatch) -> None:
    (tmp_path / "run.json").write_text("{}")
    monkeypatch.setattr(batch.Predictor, "load", lambda folder: Stub())
    films = [source(str(n), lambda n=n: b"deadly" if n == 5 else b"film") for n in range(11)]
    with Workers(2) as pool:
        found = list(predict_elsewhere(Stub(), tmp_path, films, pool))
    assert [one.file for one in found] == [str(n) for n in range(11)]
    assert [one.file for one in found if not one.accepted] == ["5"]
    assert "SIGSEGV" in found[5].reason


def test_workers_load_a_model_that_was_trained_again(tmp_path) -> None:
    (tmp_path / "run.json").write_text("{}")
    before = batch.made(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model/model.tflite").write_bytes(b"new")
    os.utime(tmp_path / "model/model.tflite", (2e9, 2e9))
    assert batch.made(tmp_path) > before
