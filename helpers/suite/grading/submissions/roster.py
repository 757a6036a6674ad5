"""The roster: who is in the class, read from a CSV of our own, Canvas' or Moodle's making."""

import csv
import hashlib
import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from helpers.core.errors import UsageError

# What the columns are called: by us, by Canvas' gradebook export, by Moodle's participants list.
COLUMNS = {
    "student": ("student", "student id"),
    "name": ("name", "full name"),
    "email": ("email", "email address"),
    "login": ("login", "sis login id", "username"),
    "sis_id": ("sis_id", "sis user id", "id number"),
    "canvas_id": ("canvas_id", "id"),
    "section": ("section", "groups"),
    "submitted": ("submitted",),
}
PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
# Windows keeps these names for devices, whatever follows the dot.
RESERVED = re.compile(r"con|prn|aux|nul|com\d|lpt\d")


@dataclass(frozen=True)
class Student:
    """One line of the roster; `student` is the name under which the class knows them."""

    student: str
    name: str = ""
    email: str = ""
    login: str = ""
    sis_id: str = ""
    canvas_id: str = ""
    section: str = ""
    submitted: datetime | None = None

    def names(self) -> set[str]:
        """All words under which a submission may come in, in one spelling."""
        words = (self.student, self.name, self.email, self.login, self.sis_id, self.canvas_id)
        handed_out = safe_name(self.student)
        return {spelled_alike(word) for word in (*words, handed_out, *_reversed(self.name)) if word}


def read_roster(file: Path) -> list[Student]:
    """The students of a CSV in its order.

    Columns: `student` (needed), name, email, login, sis_id, canvas_id, section, submitted (ISO
    8601). An export of Canvas' gradebook or Moodle's participants does as well. Raises UsageError.
    """
    rows = _rows(file)
    students = [_student(file, number, row) for number, row in enumerate(rows, start=2)]
    known = [student for student in students if student]
    twice = [name for name, count in Counter(one.student for one in known).items() if count > 1]
    if twice:
        raise UsageError(f"{file.name}: '{twice[0]}' stands twice; give each student one line")
    if not known:
        raise UsageError(f"{file.name}: no student in it; write a header 'student' and their names")
    return known


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: not a readable CSV in UTF-8 ({error})") from error
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > 1 else ",")
    return [{str(key).strip().lower(): value or "" for key, value in row.items()} for row in reader]


def _student(file: Path, number: int, row: dict[str, str]) -> Student | None:
    """The student of one row; None for an empty row and those that Canvas adds about points."""
    values = {name: _cell(row, columns) for name, columns in COLUMNS.items()}
    if not any(values.values()) or "points possible" in values["student"].lower():
        return None
    if "id" in row and "student" in row:  # Canvas: `Student` is the full name, `ID` the number
        values["name"] = values["name"] or values["student"]
        values["student"] = values["login"] or values["sis_id"] or values["student"]
    else:
        values["canvas_id"] = _cell(row, ("canvas_id",))
    if not values["name"]:
        parts = _cell(row, ("first name",)), _cell(row, ("last name", "surname"))
        values["name"] = " ".join(part for part in parts if part)
    identity = ("student", "login", "sis_id", "email", "name")
    values["student"] = next((values[name] for name in identity if values[name]), "")
    if not values["student"]:
        raise UsageError(f"{file.name}, line {number}: no student; fill the column 'student'")
    return Student(**values | {"submitted": _time(file, number, values["submitted"])})


def _cell(row: dict[str, str], columns: tuple[str, ...]) -> str:
    return next((row[name].strip() for name in columns if row.get(name, "").strip()), "")


def _time(file: Path, number: int, text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(
            f"{file.name}, line {number}: submitted '{text}' is no time; "
            "write it like 2026-10-01T23:59+02:00"
        ) from error


def spelled_alike(text: str) -> str:
    """Letters and digits in small letters: as Canvas spells a name in the files it hands out."""
    return re.sub(r"[\W_]", "", text.casefold())


def _reversed(name: str) -> list[str]:
    """`Doe, Jane` for `Jane Doe` and the other way round: Canvas puts the family name first."""
    if "," in name:
        family, _, given = name.partition(",")
        return [f"{given} {family}"]
    given, _, family = name.rpartition(" ")
    return [f"{family} {given}"] if given else []


def safe_name(student: str) -> str:
    """A file name for a student: the name itself where it is plain, else cleaned with a hash.

    Never a path, never the same for two students, on any system and in any letter case.
    """
    if PLAIN.fullmatch(student) and not RESERVED.fullmatch(student):
        return student
    digest = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    letters = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^a-z0-9]+", "-", letters.lower())[:31].strip("-") or "student"
    return f"{readable}-{digest}"
