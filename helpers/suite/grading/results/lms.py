"""Scores in the files that Canvas and Moodle import.

Canvas: Grades > Import, the columns of its own export. Moodle: Grades > Import > CSV file, and the
grading worksheet of an assignment, which it hands out and takes back filled in.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from helpers.core.errors import UsageError
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.marks.mark import Mark, shown
from helpers.suite.grading.marks.rubric import Rubric
from helpers.suite.grading.results.gradebook import defused, write_rows, write_table
from helpers.suite.grading.submissions.roster import Student, spelled_alike

CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
# Canvas knows this row by its first words; the blanks in front are its own.
POINTS = "    Points Possible"
MOODLE = ("Username", "ID number", "Email address", "Full name")
WORKSHEET = {"identifier", "grade"}
Row = list[str]


def write_canvas(
    path: Path, rubric: Rubric, students: Sequence[Student], marks: Mapping[str, Mark]
) -> None:
    """Write canvas.csv; who is not graded yet has no row, as an empty cell may erase a score."""
    column = rubric.lms_column or rubric.title
    rows: list[Sequence[str]] = [(*CANVAS, column), (POINTS, "", "", "", "", _max(rubric))]
    for student in _graded(students, marks):
        login = student.login or student.student
        who = (student.name or student.student, student.canvas_id, student.sis_id, login)
        rows.append((*who, student.section, shown(marks[student.student].score)))
    write_table(path, rows)


def write_moodle(
    path: Path, rubric: Rubric, students: Sequence[Student], marks: Mapping[str, Mark]
) -> None:
    """Write moodle.csv: one of the first columns names the user, the last two are the grade."""
    column = rubric.lms_column or rubric.title
    rows: list[Sequence[str]] = [(*MOODLE, column, f"{column} (Feedback)")]
    for student in _graded(students, marks):
        login = student.login or student.student
        who = (login, student.sis_id, student.email, student.name or student.student)
        mark = marks[student.student]
        rows.append((*who, shown(mark.score), mark.reason))
    write_table(path, rows)


def fill_export(
    export: Path,
    target: Path,
    rubric: Rubric,
    students: Sequence[Student],
    marks: Mapping[str, Mark],
) -> int:
    """Fill the scores into a file that Canvas or Moodle exported; returns how many were filled.

    Everything else in it stays. Raises UsageError for a file of another kind, and for one without
    the assignment's column.
    """
    rows = _read(export)
    head = [name.strip() for name in rows[0]]
    if head[:1] == ["Student"] and "Section" in head:
        identity, grade, comment = (0, 1, 2, 3), _canvas_column(export, head, rubric), None
    elif {name.lower() for name in head} >= WORKSHEET:
        lower = [name.lower() for name in head]
        known = ("full name", "email address", "username", "id number")
        identity = tuple(lower.index(name) for name in known if name in lower)
        grade = lower.index("grade")
        comment = lower.index("feedback comments") if "feedback comments" in lower else None
    else:
        raise UsageError(
            f"{export.name} is neither Canvas' gradebook export nor Moodle's grading worksheet; "
            "export it again as CSV, in English"
        )
    owners = {word: one.student for one in students for word in one.names()}
    filled = sum(_fill(row, identity, grade, comment, owners, marks) for row in rows[1:])
    write_rows(target, rows)  # what the LMS wrote stays as it is, to the letter
    return filled


def _fill(
    row: Row,
    identity: Sequence[int],
    grade: int,
    comment: int | None,
    owners: Mapping[str, str],
    marks: Mapping[str, Mark],
) -> bool:
    """Fill one row where it is a student's who has been graded."""
    words = [spelled_alike(row[place]) for place in identity if place < len(row)]
    student = next((owners[word] for word in words if word in owners), None)
    mark = marks.get(student) if student else None
    if mark is None or mark.status == Status.NOT_RUN:
        return False
    row += [""] * (max(grade, comment or 0) + 1 - len(row))
    row[grade] = shown(mark.score)
    if comment is not None:
        row[comment] = defused(mark.reason)
    return True


def _canvas_column(export: Path, head: Sequence[str], rubric: Rubric) -> int:
    """The assignment's column, which Canvas writes as `title (number)`."""
    wanted = rubric.lms_column or rubric.title
    for place, name in enumerate(head):
        if name == wanted or name.rpartition(" (")[0] == wanted:
            return place
    raise UsageError(
        f"{export.name} has no column '{wanted}'; write the assignment's name in Canvas as "
        "lms_column into rubric.yml"
    )


def _read(export: Path) -> list[Row]:
    try:
        text = export.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{export}: not a readable CSV in UTF-8 ({error})") from error
    head = text.partition("\n")[0]
    rows = list(csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > 2 else ","))
    if not rows:
        raise UsageError(f"{export} is empty; export it again")
    return rows


def _graded(students: Sequence[Student], marks: Mapping[str, Mark]) -> Iterable[Student]:
    """Those who have a score to hand back."""
    known = (one for one in students if one.student in marks)
    return (one for one in known if marks[one.student].status != Status.NOT_RUN)


def _max(rubric: Rubric) -> str:
    return shown(rubric.max_score)
