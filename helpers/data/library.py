"""The local film library: every film once, under the name of its own content.

`outputs/.films/ab/abcdef…` holds the bytes; the path comes from the SHA-256 alone, never from a
name in a store. `outputs/.films/index.sqlite` remembers which object had which content, so that
an unchanged prefix is never fetched twice. Both may be deleted at any time.
"""

import contextlib
import functools
import hashlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from helpers.core.errors import DiskFullError, SuiteError
from helpers.core.runs import outputs_root, replacing

if TYPE_CHECKING:  # reading a film from the library needs no client of the store
    from helpers.data.storage import StoredObject

READABLE, UNREADABLE = "used", "unreadable"
BUSY_SECONDS = 60
_DISK_FULL_NAMES = {"SQLITE_FULL", "SQLITE_IOERR_WRITE"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TABLES = """
CREATE TABLE IF NOT EXISTS films (
    sha256 TEXT PRIMARY KEY, bytes INTEGER, width INTEGER, height INTEGER, status TEXT, reason TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS objects (
    store TEXT, bucket TEXT, key TEXT, etag TEXT, size INTEGER, sha256 TEXT,
    PRIMARY KEY (store, bucket, key)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class KnownFilm:
    """What the index knows of one content: its size in bytes and pixels, readable or why not."""

    sha256: str
    bytes: int
    width: int | None
    height: int | None
    status: str
    reason: str | None


class FilmLibrary:
    """The library of one outputs folder; several processes may use it at the same time.

    The index belongs to the thread that opened the library; files may be added and read by many.
    """

    def __init__(self, folder: Path | None = None):
        self.folder = folder or outputs_root() / ".films"

    @functools.cached_property
    def _connection(self) -> sqlite3.Connection:
        """The index, opened when first asked: reading films needs none."""
        self.folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.folder / "index.sqlite", timeout=BUSY_SECONDS, isolation_level=None
        )
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(_TABLES)
        return connection

    def __enter__(self) -> Self:
        """Open for a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the index."""
        if "_connection" in vars(self):
            self._connection.close()
            del self._connection

    def known(self, store: str, bucket: str, item: "StoredObject") -> KnownFilm | None:
        """What `item` held when it last had this entity tag and size, or None."""
        with self._plain_errors():
            row = self._connection.execute(
                "SELECT films.* FROM objects JOIN films USING (sha256) "
                "WHERE store = ? AND bucket = ? AND key = ? AND etag = ? AND size = ?",
                (store, bucket, item.key, item.etag, item.size),
            ).fetchone()
        return KnownFilm(*row) if row else None

    def remember(self, store: str, bucket: str, item: "StoredObject", film: KnownFilm) -> None:
        """Write down that `item` holds `film`."""
        where = (store, bucket, item.key, item.etag, item.size, film.sha256)
        with self._plain_errors(), self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO films VALUES (?, ?, ?, ?, ?, ?)", astuple(film)
            )
            self._connection.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)", where
            )

    def path(self, sha256: str) -> Path:
        """Where the content of that name lies; ValueError for anything but 64 hex digits."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"{sha256!r} is not a SHA-256 in hexadecimal")
        return self.folder / sha256[:2] / sha256

    def add(self, data: bytes) -> str:
        """Keep `data` and return its SHA-256; a damaged file of that name is replaced."""
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            with replacing(self.path(sha256)) as temporary:
                temporary.write_bytes(data)
        except DiskFullError as error:
            raise self._disk_is_full() from error
        return sha256

    def find(self, sha256: str) -> bytes | None:
        """The content of that name, or None when it is missing or no longer what it was."""
        try:
            data = self.path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def read(self, sha256: str) -> bytes:
        """The content of that name, checked; SuiteError when missing or damaged."""
        data = self.find(sha256)
        if data is None:
            raise SuiteError(
                f"Film {sha256[:12]}… is missing or damaged in the local library: run 01_ingest "
                "again, it fetches only what is not there."
            )
        return data

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorname in _DISK_FULL_NAMES:
                raise self._disk_is_full() from error
            raise SuiteError(
                f"The index of the film library cannot be used ({error}): delete {self.folder} and "
                "ingest again."
            ) from error

    def _disk_is_full(self) -> DiskFullError:
        return DiskFullError(
            f"No space is left for the film library in {self.folder}: free some disk (`cxr clean` "
            "removes old runs) or point CXR_OUTPUTS to another disk; ingest goes on from here."
        )
