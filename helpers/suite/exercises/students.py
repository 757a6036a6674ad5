"""The seeds of a class: one number for the class, and from it one for each student."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from helpers.core.errors import UsageError
from helpers.core.runs import replacing

CLASS_FILE = "class.yml"
COMMON = ""  # whoever has no seed of their own works with this name's


def student_seed(class_seed: int, student: str) -> int:
    """The seed of one student in one class, 0 to 2**31 - 1; the same on every machine.

    How a name is composed (é as one sign or as two) and the spaces around it make no difference.
    """
    name = unicodedata.normalize("NFC", student).strip()
    digest = hashlib.sha256(f"{class_seed}\n{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF


@dataclass(frozen=True)
class Classroom:
    """What the instructor's folder knows of the class: version, class seed, students with seeds."""

    version: str
    class_seed: int
    students: Sequence[str] = ()

    def seed_of(self, student: str) -> int:
        """The student's own seed, or the common one where notebooks were not made by name."""
        own = student.strip() in self.students
        return student_seed(self.class_seed, student if own else COMMON)

    def text(self) -> str:
        """The class as YAML."""
        facts = {"version": self.version, "class_seed": self.class_seed}
        facts["students"] = [student.strip() for student in self.students]
        return yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)

    def write(self, folder: Path) -> Path:
        """Write class.yml into the instructor's folder."""
        with replacing(folder / CLASS_FILE) as temporary:
            temporary.write_text(self.text(), encoding="utf-8")
        return folder / CLASS_FILE


def read_classroom(folder: Path) -> Classroom:
    """The class of an instructor's folder; UsageError where class.yml is missing or damaged."""
    file = folder / CLASS_FILE
    try:
        facts = yaml.safe_load(file.read_text(encoding="utf-8"))
        students = tuple(str(name) for name in facts["students"])
        return Classroom(str(facts["version"]), int(facts["class_seed"]), students)
    except FileNotFoundError as error:
        raise UsageError(f"{file} is missing; make the folder with `cxr exercises`") from error
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise UsageError(f"{file} is damaged; make it again with `cxr exercises`") from error
