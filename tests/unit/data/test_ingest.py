"""Ingest: every listed object becomes a row, in order, and is fetched only when it must be."""

import hashlib
import os
import signal
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.data import ingest, storage
from helpers.data.ingest import FetchedFilm, IngestSummary, fetch_films
from helpers.data.library import FilmLibrary

BUCKET = "films-test"
FILMS = 60


def png(seed: int, height: int = 40, width: int = 30) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    return cv2.imencode(".png", pixels)[1].tobytes()


@pytest.fixture
def collection(outputs: Path) -> list[bytes]:
    """FILMS small films at set/000.png …, straight into the bucket's folder."""
    storage.ensure_bucket(BUCKET)
    folder = outputs / ".store" / BUCKET / "set"
    folder.mkdir()
    films = [png(number) for number in range(FILMS)]
    for number, data in enumerate(films):
        (folder / f"{number:03}.png").write_bytes(data)
    return films


def ingest_set() -> tuple[list[FetchedFilm], IngestSummary]:
    summary = IngestSummary()
    rows = list(fetch_films(storage.list_objects(BUCKET, "set"), BUCKET, summary=summary))
    return rows, summary


def test_every_film_is_a_row_in_the_order_of_the_listing(collection: list[bytes]) -> None:
    rows, summary = ingest_set()
    assert [row.key for row in rows] == [f"set/{number:03}.png" for number in range(FILMS)]
    for row, data in zip(rows, collection, strict=True):
        assert row.sha256 == hashlib.sha256(data).hexdigest()
        assert (row.bytes, row.width, row.height) == (len(data), 30, 40)
        assert (row.status, row.reason) == ("used", None)
        assert FilmLibrary().read(row.sha256) == data
    assert summary == IngestSummary(FILMS, FILMS, 0, 0, sum(map(len, collection)))


def test_a_second_ingest_fetches_nothing(
    collection: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = ingest_set()
    requests: list[str] = []
    storage.client().meta.events.register(
        "before-send.s3", lambda request, **_: requests.append(request.method + request.url)
    )
    second, summary = ingest_set()
    assert second == first
    assert summary == IngestSummary(listed=FILMS, reused=FILMS)
    assert len(requests) == 1 and "list-type=2" in requests[0]


def test_only_a_changed_object_is_fetched_again(collection: list[bytes]) -> None:
    ingest_set()
    storage.put(BUCKET, "set/007.png", png(999, 20, 10))
    rows, summary = ingest_set()
    assert (summary.fetched, summary.reused) == (1, FILMS - 1)
    assert (rows[7].width, rows[7].height) == (10, 20)


@pytest.mark.parametrize("damage", ["change", "delete"])
def test_a_damaged_library_file_is_fetched_again(collection: list[bytes], damage: str) -> None:
    first, _ = ingest_set()
    path = FilmLibrary().path(first[3].sha256 or "")
    path.unlink() if damage == "delete" else path.write_bytes(b"x" * path.stat().st_size)
    rows, summary = ingest_set()
    assert (summary.fetched, summary.reused) == (1, FILMS - 1)
    assert rows == first
    assert path.read_bytes() == collection[3]


def test_an_unreadable_film_is_a_row_and_a_count(collection: list[bytes]) -> None:
    storage.put(BUCKET, "set/0005.png", b"no picture at all")
    storage.put(BUCKET, "set/0006.png", collection[0][: len(collection[0]) // 2])
    storage.put(BUCKET, "set/0007.png", b"")
    rows, summary = ingest_set()
    bad = [row for row in rows if row.status == "unreadable"]
    assert [row.key for row in bad] == [f"set/000{number}.png" for number in (5, 6, 7)]
    assert all(row.reason and row.width is None and row.height is None for row in bad)
    assert bad[0].sha256 == hashlib.sha256(b"no picture at all").hexdigest()
    assert (summary.listed, summary.unreadable) == (FILMS + 3, 3)
    again, summary = ingest_set()
    assert again == rows
    assert (summary.fetched, summary.unreadable) == (0, 3)


def test_an_object_that_vanished_is_a_row(collection: list[bytes]) -> None:
    listed = list(storage.list_objects(BUCKET, "set"))
    storage.client().delete_object(Bucket=BUCKET, Key="set/004.png")
    summary = IngestSummary()
    rows = list(fetch_films(listed, BUCKET, summary=summary))
    assert rows[4] == FetchedFilm("set/004.png", None, 0, None, None, "unreadable", rows[4].reason)
    assert "set/004.png" in (rows[4].reason or "")
    assert summary.listed == FILMS == summary.fetched + 1


def test_an_object_that_changed_since_it_was_listed_is_a_row(collection: list[bytes]) -> None:
    listed = list(storage.list_objects(BUCKET, "set"))
    storage.put(BUCKET, "set/004.png", b"longer or shorter")
    rows = list(fetch_films(listed, BUCKET))
    assert rows[4].status == "unreadable" and "sent 17" in (rows[4].reason or "")
    assert ingest_set()[0][4].sha256 == hashlib.sha256(b"longer or shorter").hexdigest()


def test_progress_is_told_after_each_film(collection: list[bytes]) -> None:
    seen: list[int] = []
    objects = storage.list_objects(BUCKET, "set")
    list(fetch_films(objects, BUCKET, progress=lambda summary: seen.append(summary.listed)))
    assert seen == list(range(1, FILMS + 1))


def test_a_reader_that_stops_early_stops_the_fetching(collection: list[bytes]) -> None:
    films = fetch_films(storage.list_objects(BUCKET, "set"), BUCKET)
    assert next(films).key == "set/000.png"
    films.close()
    assert ingest_set()[1].listed == FILMS


def test_killed_half_way_it_goes_on(collection: list[bytes]) -> None:
    code = f"""
import os, signal
from helpers.data import ingest, storage
ingest.WINDOW_FILMS = 8
def kill(summary):
    if summary.listed == {FILMS // 2}:
        os.kill(os.getpid(), signal.SIGKILL)
list(ingest.fetch_films(storage.list_objects("{BUCKET}", "set"), "{BUCKET}", progress=kill))
"""
    killed = subprocess.run([sys.executable, "-c", code], env=os.environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    rows, summary = ingest_set()
    assert summary.reused >= FILMS // 2 - 1 and summary.fetched >= 1
    assert [row.sha256 for row in rows] == [hashlib.sha256(data).hexdigest() for data in collection]


def test_two_processes_ingest_the_same_prefix(collection: list[bytes]) -> None:
    code = (
        "from helpers.data import ingest, storage\n"
        f"films = ingest.fetch_films(storage.list_objects('{BUCKET}', 'set'), '{BUCKET}')\n"
        "print(sum(film.status == 'used' for film in films))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert [process.communicate(timeout=120)[0].strip() for process in started] == [str(FILMS)] * 2


def test_the_window_bounds_what_is_under_way() -> None:
    begun = 0

    def work(count: int, size: int):
        nonlocal begun
        for number in range(count):
            begun += 1
            future: Future[int] = Future()
            future.set_result(number)
            yield size, future

    for number, result in enumerate(ingest.in_order(work(100, 1), most=10)):
        assert result == number and begun <= number + 10
    begun = 0
    for number, _ in enumerate(ingest.in_order(work(100, 60), most=50, most_bytes=200)):
        assert begun <= number + 4
    assert begun == 100
    assert list(ingest.in_order(work(3, 10**9), most=50, most_bytes=1)) == [0, 1, 2]


def test_an_object_larger_than_the_window_still_comes(
    collection: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "WINDOW_BYTES", 1)
    assert ingest_set()[1].fetched == FILMS


@pytest.mark.films
def test_real_films_are_all_readable(films: Path, outputs: Path) -> None:
    from helpers.data.staging import stage_folder

    where = stage_folder(films / "odd_originals", BUCKET, "odd")
    rows = list(fetch_films(storage.list_objects(BUCKET, "odd"), BUCKET))
    assert where.uploaded == len(rows) == 6
    assert {row.status for row in rows} == {"used"}
