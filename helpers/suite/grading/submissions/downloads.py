"""Whose a file or folder of submissions is, and which notebook: by the names that people, browsers,
Canvas and Moodle give them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.suite.grading.submissions.archives import MAX_FILE
from helpers.suite.grading.submissions.roster import Student, spelled_alike

# Canvas: doejane_LATE_1234_98765_01_ingest-1.ipynb; Moodle: Jane Doe_4711_assignsubmission_file_
CANVAS = re.compile(
    r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<number>\d+|anon_\w+?)_\d+_(?P<rest>.+)", re.IGNORECASE
)
MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_\w+?(?:_(?P<rest>.*))?")
# What Canvas and browsers put behind the name of a file that was handed in or saved again.
AGAIN = re.compile(r"^(?P<name>.*?)(?:-(?P<dash>\d{1,3})| ?\((?P<round>\d{1,3})\))$")


@dataclass(frozen=True)
class Piece:
    """One file or folder of a download: whose it is, as the name says it."""

    path: Path
    owner: str
    number: str = ""
    rest: str = ""
    late: bool = False
    lms: bool = False


def read_piece(path: Path) -> Piece | None:
    """Whose a file or folder is, by its name; None for what is no submission."""
    folder = path.is_dir() or path.is_symlink()
    if path.name.startswith(".") or not (folder or path.suffix.lower() in (".zip", ".ipynb")):
        return None
    name = path.name if folder else path.name.removesuffix(path.suffix)
    for pattern in (MOODLE, CANVAS):
        if (found := pattern.fullmatch(name)) and not (folder and pattern is CANVAS):
            parts = {"late": None} | found.groupdict()
            rest, late = parts["rest"] or "", bool(parts["late"])
            return Piece(path, parts["name"].strip(), parts["number"], rest, late, lms=True)
    loose = path.suffix.lower() == ".ipynb" and not folder
    return None if loose else Piece(path, name)


class Owners:
    """Finds the student of the roster whom a piece names."""

    def __init__(self, roster: Sequence[Student]):
        self._names = {one.student for one in roster}
        self._numbers = {one.canvas_id: one.student for one in roster if one.canvas_id}
        found: dict[str, set[str]] = {}
        for student in roster:
            for word in student.names():
                found.setdefault(word, set()).add(student.student)
        # A spelling that two share names nobody.
        self._spellings = {word: min(who) for word, who in found.items() if len(who) == 1}

    def find(self, piece: Piece) -> str:
        """The student's name on the roster, else the name as the piece has it."""
        if piece.owner in self._names:
            return piece.owner
        by_number = self._numbers.get(piece.number) if piece.number else None
        return by_number or self._spellings.get(spelled_alike(piece.owner)) or piece.owner


def graded_name(path: Path, shown: str, notebooks: Sequence[str]) -> str | None:
    """Which of the graded notebooks a file is: by its name, else by what it says of itself."""
    plain = {name.casefold(): name for name in notebooks}
    for stem in (shown, again(shown)[0]):
        if stem.casefold() in plain:
            return plain[stem.casefold()]
    return plain.get(str(read_stamp(path).get("notebook", "")).casefold())


def again(shown: str) -> tuple[str, int]:
    """A name without the number behind it, and that number (0 where there is none)."""
    found = AGAIN.fullmatch(shown)
    if found is None:
        return shown, 0
    return found["name"], int(found["dash"] or found["round"])


def read_stamp(path: Path) -> dict[str, Any]:
    """What a notebook says of itself: `notebook`, `student`, `seed`; empty where it says nothing.

    Whoever handed it in can have changed it.
    """
    try:
        if path.stat().st_size > MAX_FILE:
            return {}
        stamp = json.loads(path.read_bytes())["metadata"]["cxr_exercise"]
        return dict(stamp)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
