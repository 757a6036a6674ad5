"""Where films to predict come from: files, folders of any size, objects and prefixes of a store."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from helpers.core.errors import UsageError
from helpers.core.runs import Run
from helpers.data.remarks import UnreadableFilmError
from helpers.data.scaling import check_bytes

S3 = "s3://"


@dataclass(frozen=True)
class FilmSource:
    """One file still unread: `name` as the user knows it, `read()` for its bytes.

    `read` raises UnreadableFilmError when the file is too large (unread) or cannot be read.
    """

    name: str
    read: Callable[[], bytes]


def find_films(places: Iterable[str]) -> Iterator[FilmSource]:
    """Every file at `places` (paths and s3:// addresses), in order, found as it is asked for.

    All places are looked up before the first film is given: UsageError for a path that is not
    there, SuiteError for what a store says. Hidden files are no films.
    """
    found = [_at_address(place) if place.startswith(S3) else _at_path(place) for place in places]
    return (source for sources in found for source in sources)


def films_of_split(run: Run, split: str, seed: int = 0) -> Iterator[tuple[str, FilmSource]]:
    """(label, film as ingested) of a run's split, in an order shuffled once, again and again.

    Raises MissingInputError, naming the notebook, for a run without splits.
    """
    from helpers.data.library import FilmLibrary

    library = FilmLibrary()
    splits = run.read_table("splits.csv")
    films = run.read_table("manifest.csv").merge(splits[splits["split"] == split], on="key")
    films = films.sample(frac=1, random_state=seed)
    named = zip(films["label"], films["key"], films["sha256"], strict=True)
    sources = [(label, FilmSource(key, partial(library.read, sha))) for label, key, sha in named]
    return itertools.cycle(sources)


def _at_path(place: str) -> Iterator[FilmSource]:
    path = Path(place)
    if path.is_dir():
        return (_from_file(file) for file in _files_below(path))
    if not path.exists():
        raise UsageError(f"{place}: there is no such file or folder; check the path.")
    return iter([_from_file(path)])


def _files_below(folder: Path) -> Iterator[Path]:
    """Files of a folder and its subfolders in the order of their names, one folder at a time."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        yield folder  # reading it fails, and so it gets a line of its own among the films
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(Path(entry.path))
        elif entry.is_file():
            yield Path(entry.path)


def _from_file(path: Path) -> FilmSource:
    def read() -> bytes:
        try:
            check_bytes(path.stat().st_size)
            return path.read_bytes()
        except OSError as error:
            raise UnreadableFilmError("unreachable") from error

    return FilmSource(str(path), read)


def _at_address(place: str) -> Iterator[FilmSource]:
    """The objects under a prefix, or the one object of that very key."""
    # The store's client takes half a second to import, which local films need not wait for.
    from helpers.data import storage

    address = storage.parse_address(place)
    listing = storage.list_objects(address.bucket, address.key)
    try:
        first = next(listing)
    except storage.EmptyPrefixError:
        with storage.plain_errors(address.bucket, address.key):
            head = storage.client().head_object(Bucket=address.bucket, Key=address.key)
        return iter([_from_store(address.bucket, address.key, head["ContentLength"])])

    def sources() -> Iterator[FilmSource]:
        yield _from_store(address.bucket, first.key, first.size)
        for item in listing:
            yield _from_store(address.bucket, item.key, item.size)

    return sources()


def _from_store(bucket: str, key: str, size: int) -> FilmSource:
    def read() -> bytes:
        from helpers.data import storage

        check_bytes(size)
        return storage.fetch(bucket, key)

    return FilmSource(f"{S3}{bucket}/{key}", read)
