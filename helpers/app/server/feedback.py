"""Feedback of analysts: kept only when asked, in one SQLite file, without picture or file name."""

import csv
import io
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import astuple, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

from helpers.app.server.database import connect, server_file
from helpers.core.errors import SuiteError, UsageError

FILE = "feedback.sqlite3"
LONGEST_NOTE = 2000  # characters
SCHEMA = """CREATE TABLE IF NOT EXISTS feedback
    (id TEXT PRIMARY KEY, time TEXT NOT NULL, run TEXT NOT NULL, stamp TEXT NOT NULL,
     label TEXT NOT NULL, confidence REAL NOT NULL, seen TEXT NOT NULL, note TEXT NOT NULL,
     who TEXT NOT NULL)"""
# A spreadsheet takes a cell that begins so for a formula.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Feedback:
    """One record: `label` is what the model said, `seen` what the analyst `who` sees."""

    run: str
    stamp: str
    label: str
    confidence: float
    seen: str
    note: str = ""
    who: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def agreed(self) -> bool:
        """Whether the analyst sees what the model said."""
        return self.seen == self.label


COLUMNS = tuple(one.name for one in fields(Feedback))


class FeedbackBook:
    """The records; what `keep` has returned from is on the disk."""

    def __init__(self, path: Path | None = None):
        self.path = path or server_file(FILE)
        self._database = connect(self.path, SCHEMA)
        self._lock = threading.Lock()

    def keep(self, record: Feedback) -> None:
        """Store one record; a second word on the same result takes the place of the first.

        Raises SuiteError when the disk does not take it.
        """
        self._insert(record, "REPLACE")

    def _insert(self, record: Feedback, if_known: str) -> None:
        marks = ", ".join("?" * len(COLUMNS))
        query = f"INSERT OR {if_known} INTO feedback ({', '.join(COLUMNS)}) VALUES ({marks})"  # noqa: S608
        try:
            with self._lock:
                self._database.execute(query, astuple(record))
        except sqlite3.Error as error:
            raise SuiteError(f"The feedback could not be kept ({error}).") from error

    def records(self) -> list[Feedback]:
        """All records, the oldest first."""
        query = f"SELECT {', '.join(COLUMNS)} FROM feedback ORDER BY time, rowid"  # noqa: S608
        with self._lock:
            return [Feedback(*row) for row in self._database.execute(query)]

    def backup(self, to: Path) -> int:
        """Copy the whole database to a new file, while the server goes on; returns the records."""
        if to.exists():
            raise UsageError(f"{to} exists already: name a new file.")
        try:
            os.close(os.open(to, os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(to)) as copy, self._lock:
                self._database.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, also on a read-only disk
                return copy.execute("SELECT count(*) FROM feedback").fetchone()[0]
        except (OSError, sqlite3.Error) as error:
            raise SuiteError(f"{to}: the backup could not be written ({error}).") from error

    def restore(self, saved: Path) -> int:
        """Add the records of a backup that are not here; returns how many.

        What was kept since the backup stays. Raises UsageError when `saved` is no backup.
        """
        if not saved.is_file():
            raise UsageError(f"{saved}: there is no such file.")
        query = f"SELECT {', '.join(COLUMNS)} FROM feedback"  # noqa: S608 (our own names)
        try:
            with closing(sqlite3.connect(f"{saved.absolute().as_uri()}?mode=ro", uri=True)) as copy:
                records = [Feedback(*row) for row in copy.execute(query)]
        except sqlite3.Error as error:
            raise UsageError(f"{saved} is no backup of feedback ({error}).") from error
        before = len(self.records())
        for record in records:
            self._insert(record, "IGNORE")
        return len(self.records()) - before


def to_csv(records: Iterable[Feedback]) -> str:
    """One line a record; notes can be opened in a spreadsheet without running as formulas."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([*COLUMNS, "agreed"])
    for record in records:
        cells = [f"{value}" for value in astuple(record)] + [str(record.agreed)]
        writer.writerow("'" + cell if cell.startswith(FORMULA_SIGNS) else cell for cell in cells)
    return buffer.getvalue()
