"""Who may do what: tokens by name and role, kept as hashes, gone the moment they are revoked."""

import hashlib
import re
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from helpers.app.server.database import connect, server_file
from helpers.core.errors import UsageError
from helpers.core.params import nearest_name

# Predicting and reviewing are apart: a reviewer's token on a stolen laptop opens no film.
RIGHTS = {
    "analyst": frozenset({"predict", "feedback"}),
    "reviewer": frozenset({"review"}),
}
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
PREFIX = "cxr_"  # so that people and scanners recognise a token where it should not be
SCHEMA = """CREATE TABLE IF NOT EXISTS tokens
    (name TEXT PRIMARY KEY, role TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, made TEXT NOT NULL)"""


@dataclass(frozen=True)
class Visitor:
    """Who sends a request; `hash` is that of the token, empty where none is asked for."""

    name: str
    role: str
    rights: frozenset[str]
    hash: str = ""


ANYBODY = Visitor("", "open", frozenset().union(*RIGHTS.values()))


class TokenBook:
    """The tokens of this checkout; every look-up asks the file, so a revoked token is gone."""

    def __init__(self, path: Path | None = None):
        self._database = connect(path or server_file("tokens.sqlite3"), SCHEMA)

    def add(self, name: str, role: str) -> str:
        """Make a token and return it, the only time that it can be seen.

        Raises UsageError for a bad or known name, or an unknown role.
        """
        if not NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no token name: use letters, digits, '_' and '-'.")
        if role not in RIGHTS:
            raise UsageError(f"There is no role {role!r}; there are {', '.join(RIGHTS)}.")
        token = PREFIX + secrets.token_urlsafe(32)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            row = (name, role, _hash(token), made)
            self._database.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", row)
        except sqlite3.IntegrityError as error:
            raise UsageError(
                f"There is a token '{name}' already: revoke it first, or choose another name."
            ) from error
        return token

    def revoke(self, name: str) -> None:
        """Forget a token; UsageError with the nearest name if there is none."""
        if not self._database.execute("DELETE FROM tokens WHERE name = ?", (name,)).rowcount:
            hint = nearest_name(name, [entry[0] for entry in self.entries()])
            raise UsageError(f"There is no token '{name}'{hint}.")

    def entries(self) -> list[tuple[str, str, str]]:
        """(name, role, when it was made) of every token, by name."""
        return self._database.execute(
            "SELECT name, role, made FROM tokens ORDER BY name"
        ).fetchall()

    def visitor_of(self, token: str) -> Visitor | None:
        """Who holds this token, or None. Only its hash is looked up, so timing tells nothing."""
        return self._visitor("hash", _hash(token))

    def visitor_named(self, name: str) -> Visitor | None:
        """The holder of that name's token, or None when it was revoked."""
        return self._visitor("name", name)

    def _visitor(self, column: str, value: str) -> Visitor | None:
        query = f"SELECT name, role, hash FROM tokens WHERE {column} = ?"  # noqa: S608 (ours)
        row = self._database.execute(query, (value,)).fetchone()
        return None if row is None else Visitor(row[0], row[1], RIGHTS[row[1]], row[2])


def _hash(token: str) -> str:
    """Plain SHA-256 is enough for 256 random bits: nobody can go through the guesses."""
    return hashlib.sha256(token.encode()).hexdigest()
