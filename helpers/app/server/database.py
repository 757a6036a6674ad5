"""Small SQLite files beside the runs, readable by their owner only."""

import os
import sqlite3
from pathlib import Path

from helpers.core.errors import SuiteError
from helpers.core.runs import outputs_root

FOLDER = ".server"


def server_file(name: str) -> Path:
    """Where the server keeps `name`; its folder is made, for the owner alone."""
    folder = outputs_root() / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / name


def connect(path: Path, schema: str) -> sqlite3.Connection:
    """Open (or make) a database in WAL mode, in which readers and one writer do not wait.

    Every commit reaches the disk before it returns. Raises SuiteError for a file that is damaged.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            path, timeout=10, check_same_thread=False, isolation_level=None
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(schema)
    except (OSError, sqlite3.Error) as error:
        raise SuiteError(f"outputs/{FOLDER}/{path.name} cannot be used: {error}.") from error
    return connection
