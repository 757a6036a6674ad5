"""What is given to the class, and what the instructor keeps, as files."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from helpers.core.errors import SuiteError
from helpers.core.runs import replacing
from helpers.suite.exercises.consistency import check_rubric
from helpers.suite.exercises.sources import (
    RUBRIC,
    SOURCE,
    Stamp,
    hidden_tests,
    instructor_notebook,
    source_notebooks,
    student_notebook,
    version_of,
)
from helpers.suite.exercises.students import CLASS_FILE, COMMON, Classroom, read_classroom
from helpers.suite.grading.submissions.roster import safe_name

STUDENT, INSTRUCTOR, MASTER = "student", "instructor", "instructor"


@dataclass(frozen=True)
class Handout:
    """What was written: the class and the files, paths relative to the folder."""

    classroom: Classroom
    files: tuple[str, ...]


def write_handout(
    out: Path,
    students: Sequence[str] = (),
    class_seed: int | None = None,
    *,
    source: Path = SOURCE,
    replace: bool = False,
) -> Handout:
    """Write `student/` and `instructor/` below `out`.

    students: each gets a folder of notebooks with a seed of their own; without any, one set of
    notebooks with a common seed is written. Students of an earlier hand-out in `out` keep their
    seeds. class_seed: None takes that of the earlier hand-out, or draws one.
    Raises SuiteError, before anything is written, where a file is there already and differs, and
    where the rubric names a task that the notebooks do not have.
    """
    earlier = _earlier(out)
    if class_seed is None:
        class_seed = earlier.class_seed if earlier else secrets.randbelow(2**31)
    known = tuple(dict.fromkeys([*(earlier.students if earlier else ()), *students]))
    classroom = Classroom(version_of(source), class_seed, known)
    files = dict(_student_files(source, classroom)) | dict(_instructor_files(source, classroom))
    if not replace:
        _refuse_changed(out, files)
    for name, content in files.items():
        with replacing(out / name) as temporary:
            temporary.write_bytes(content)
    return Handout(classroom, tuple(files))


def _earlier(out: Path) -> Classroom | None:
    """The class that was handed out from this folder before."""
    written = (out / INSTRUCTOR / CLASS_FILE).exists()
    return read_classroom(out / INSTRUCTOR) if written else None


def _student_files(source: Path, classroom: Classroom) -> Iterator[tuple[str, bytes]]:
    for student in classroom.students or (COMMON,):
        folder = f"{STUDENT}/{safe_name(student)}" if student else STUDENT
        stamp = Stamp(classroom.version, student, classroom.seed_of(student))
        for path in source_notebooks(source):
            yield f"{folder}/{path.name}", _bytes(student_notebook(path, stamp))


def _instructor_files(source: Path, classroom: Classroom) -> Iterator[tuple[str, bytes]]:
    stamp = Stamp(classroom.version, MASTER, classroom.seed_of(COMMON))
    for path in source_notebooks(source):
        yield f"{INSTRUCTOR}/{path.name}", _bytes(instructor_notebook(path, stamp))
    for path in hidden_tests(source):
        yield f"{INSTRUCTOR}/hidden/{path.name}", path.read_bytes()
    rubric = source / "rubric.yml"
    rubric = rubric if rubric.exists() else RUBRIC
    check_rubric(rubric, source)
    yield f"{INSTRUCTOR}/rubric.yml", rubric.read_bytes()
    yield f"{INSTRUCTOR}/{CLASS_FILE}", classroom.text().encode()


def _bytes(notebook: nbformat.NotebookNode) -> bytes:
    return (nbformat.writes(notebook) + "\n").encode()


def _refuse_changed(out: Path, files: dict[str, bytes]) -> None:
    """An instructor may have solved or edited a notebook there: it is not written over unasked."""
    for name, content in files.items():
        path = out / name
        grows = path.name == CLASS_FILE  # with every student who joins
        if not grows and path.exists() and path.read_bytes() != content:
            raise SuiteError(
                f"{path} is there already and differs from what would be written; give another "
                "--out, or --replace to write over it"
            )
