"""Ingest: many films fetched, verified and opened at once, handed on in the listing's order."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from helpers.core.machine import cores
from helpers.data import storage
from helpers.data.images import UnreadableFilmError, decode_film
from helpers.data.library import READABLE, UNREADABLE, FilmLibrary, KnownFilm
from helpers.data.storage import CONNECTIONS, StoredObject
from helpers.data.storage_errors import MissingObjectError

Result = TypeVar("Result")
# How much may be under way at once: memory stays the same however long the listing is.
WINDOW_FILMS = 4 * CONNECTIONS
WINDOW_BYTES = 256 * 2**20


@dataclass(frozen=True)
class FetchedFilm:
    """One object after ingest: a row of the manifest.

    bytes: as fetched; width, height: pixels, None when not readable; status: `used` or
    `unreadable`, then with a reason. sha256 is None for an object that never arrived whole.
    """

    key: str
    sha256: str | None
    bytes: int
    width: int | None
    height: int | None
    status: str
    reason: str | None


@dataclass
class IngestSummary:
    """What an ingest did so far, counted in objects (and in bytes fetched)."""

    listed: int = 0
    fetched: int = 0
    reused: int = 0
    unreadable: int = 0
    fetched_bytes: int = 0

    def count(self, row: FetchedFilm, fetched: bool) -> None:
        """Add one row; an object that never arrived was neither fetched nor reused."""
        arrived = row.sha256 is not None
        self.listed += 1
        self.fetched += arrived and fetched
        self.reused += arrived and not fetched
        self.unreadable += row.status == UNREADABLE
        self.fetched_bytes += row.bytes * fetched


@dataclass(frozen=True)
class _Arrival:
    """One object after its turn: the film, or the reason why nothing arrived."""

    item: StoredObject
    film: KnownFilm | None
    fetched: bool = False
    new: bool = False  # not in the index as it is now
    reason: str | None = None


def fetch_films(
    objects: Iterable[StoredObject],
    bucket: str,
    *,
    summary: IngestSummary | None = None,
    progress: Callable[[IngestSummary], None] | None = None,
) -> Iterator[FetchedFilm]:
    """Bring every object into the local film library and say what each one is, in order.

    Content that the library has from an earlier ingest (same key, entity tag and size, and still
    intact) is not fetched again. An unreadable or vanished film is a row with a reason.
    summary: counted up while films are handed out; progress: called with it after each film.
    Raises SuiteError when the store stops answering or the disk is full; what has come is kept.
    """
    summary = summary if summary is not None else IngestSummary()
    with FilmLibrary() as library, _Pipeline(library, bucket) as pipeline:
        for arrival in pipeline.run(objects):
            pipeline.remember(arrival)
            row = _row(arrival)
            summary.count(row, arrival.fetched)
            if progress:
                progress(summary)
            yield row


def _row(arrival: _Arrival) -> FetchedFilm:
    key, film = arrival.item.key, arrival.film
    if film is None:
        return FetchedFilm(key, None, 0, None, None, UNREADABLE, arrival.reason)
    return FetchedFilm(
        key, film.sha256, film.bytes, film.width, film.height, film.status, film.reason
    )


class _Pipeline:
    """Many fetchers, as waiting for a store takes no processor, before one decoder a core."""

    def __init__(self, library: FilmLibrary, bucket: str):
        self.library, self.bucket = library, bucket
        self.store, self.s3 = storage.endpoint_name(), storage.client()
        self.fetchers = ThreadPoolExecutor(CONNECTIONS, "fetch")
        self.decoders = ThreadPoolExecutor(cores(), "decode")

    def __enter__(self) -> "_Pipeline":
        return self

    def __exit__(self, *_: object) -> None:
        self.fetchers.shutdown(cancel_futures=True)
        self.decoders.shutdown(cancel_futures=True)

    def run(self, objects: Iterable[StoredObject]) -> Iterator[_Arrival]:
        """Each object's arrival, in order."""
        begun = ((item.size, self._begin(item)) for item in objects)
        return in_order(begun, WINDOW_FILMS, WINDOW_BYTES)

    def remember(self, arrival: _Arrival) -> None:
        """Write what is new into the index, in the one thread that may."""
        if arrival.new and arrival.film:
            self.library.remember(self.store, self.bucket, arrival.item, arrival.film)

    def _begin(self, item: StoredObject) -> Future[_Arrival]:
        known = self.library.known(self.store, self.bucket, item)
        content = self.fetchers.submit(self._obtain, item, known)
        # Decoders take their work in order too, so the one that waits here waits for the next film.
        return self.decoders.submit(self._open, item, known, content)

    def _obtain(self, item: StoredObject, known: KnownFilm | None) -> tuple[str, bytes, bool] | str:
        """SHA-256, content and whether it was fetched; or the reason why there is none."""
        data = self.library.find(known.sha256) if known else None
        if known and data is not None:
            return known.sha256, data, False
        try:
            data = storage.fetch(self.bucket, item.key, self.s3)
        except MissingObjectError as error:
            return str(error)
        if len(data) != item.size:
            return f"The store listed {item.size} bytes and sent {len(data)}; ingest again."
        return self.library.add(data), data, True

    def _open(self, item: StoredObject, known: KnownFilm | None, content: Future) -> _Arrival:
        """Decode what arrived; a film that was readable before needs no second look."""
        obtained = content.result()
        if isinstance(obtained, str):
            return _Arrival(item, None, reason=obtained)
        sha256, data, fetched = obtained
        # What was unreadable is tried again: a newer decoder may know the format.
        readable = known and not fetched and known.status == READABLE
        film = known if readable else open_film(sha256, data)
        return _Arrival(item, film, fetched, new=film != known)


def open_film(sha256: str, data: bytes) -> KnownFilm:
    """Decode `data` on the suite's one path and keep only what the manifest needs."""
    try:
        film = decode_film(data)
    except UnreadableFilmError as error:
        return KnownFilm(sha256, len(data), None, None, UNREADABLE, str(error))
    return KnownFilm(sha256, len(data), film.width, film.height, READABLE, None)


def in_order(
    begun: Iterable[tuple[int, Future[Result]]], most: int, most_bytes: float = math.inf
) -> Iterator[Result]:
    """Results in the order of `begun` (bytes and future), which is read only a window ahead.

    The window holds at most `most` futures and, beyond its first, about `most_bytes` of them.
    """
    window: deque[tuple[int, Future[Result]]] = deque()
    under_way = 0
    try:
        for size, future in begun:
            window.append((size, future))
            under_way += size
            while len(window) > 1 and (len(window) >= most or under_way > most_bytes):
                done, future = window.popleft()
                under_way -= done
                yield future.result()
        while window:
            yield window.popleft()[1].result()
    finally:
        for _, future in window:
            future.cancel()
