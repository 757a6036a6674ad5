"""Files for Canvas and Moodle, as those systems read them.

Canvas: lib/gradebook_importer.rb wants a header whose first cells hold `Student`, `ID`, `SIS User
ID`, `SIS Login ID`, `Section`, and knows the row `Points Possible` by its first cell. Moodle:
mod/assign/feedback/offline wants the columns Identifier, Grade and Last modified (grade).
"""

import csv
from pathlib import Path

import pytest

from helpers.core.errors import UsageError
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.marks.mark import Mark
from helpers.suite.grading.marks.rubric import Rubric
from helpers.suite.grading.results.lms import fill_export, write_canvas, write_moodle
from helpers.suite.grading.submissions.roster import Student

CHECK = {"id": "a", "notebook": "01_x", "title": "A", "points": 10, "kind": "cell", "cell": "c"}
RUBRIC = Rubric(version=1, title="Films", checks=[CHECK])
ANN = Student("ann", "Ann Lee", "ann@x.org", "annlee", "S1", "41", "Monday")
BOB = Student("bob", "=Bob", "bob@x.org")
CID = Student("cid", "Cid Poe")
MARKS = {
    "ann": Mark("ann", Status.PASSED, 9.25, 10, "Fine."),
    "bob": Mark("bob", Status.RAISED, 0, 10, "=1+1 raised."),
    "cid": Mark("cid", Status.NOT_RUN, 0, 10, "Not graded yet."),
}
CLASS = (ANN, BOB, CID)


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_canvas_gets_its_own_columns(tmp_path: Path) -> None:
    write_canvas(tmp_path / "canvas.csv", RUBRIC, CLASS, MARKS)
    head, points, ann, bob = rows(tmp_path / "canvas.csv")
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Films"]
    assert "Points Possible" in points[0] and points[-1] == "10"
    assert ann == ["Ann Lee", "41", "S1", "annlee", "Monday", "9.25"]
    assert bob == ["'=Bob", "", "", "bob", "", "0"]


def test_moodle_gets_a_user_column_grade_and_feedback(tmp_path: Path) -> None:
    write_moodle(tmp_path / "moodle.csv", RUBRIC, CLASS, MARKS)
    head, ann, bob = rows(tmp_path / "moodle.csv")
    assert head[:4] == ["Username", "ID number", "Email address", "Full name"]
    assert head[4:] == ["Films", "Films (Feedback)"]
    assert ann == ["annlee", "S1", "ann@x.org", "Ann Lee", "9.25", "Fine."]
    assert bob[-1] == "'=1+1 raised."


def test_who_is_not_graded_has_no_row_that_would_erase_a_score(tmp_path: Path) -> None:
    write_canvas(tmp_path / "canvas.csv", RUBRIC, CLASS, MARKS)
    write_moodle(tmp_path / "moodle.csv", RUBRIC, CLASS, MARKS)
    text = (tmp_path / "canvas.csv").read_text() + (tmp_path / "moodle.csv").read_text()
    assert "Cid" not in text


CANVAS_EXPORT = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Quiz (7),Films (123),Final Score\n"
    ",,,,,,Manual Posting,\n"
    "    Points Possible,,,,,5,10,(read only)\n"
    '"Lee, Ann",41,S1,annlee,Monday,3,,88\n'
    '"Poe, Cid",43,,cid,Monday,-,4,\n'
)


def test_canvas_export_is_filled_and_otherwise_untouched(tmp_path: Path) -> None:
    export = written(tmp_path / "export.csv", CANVAS_EXPORT)
    assert fill_export(export, tmp_path / "filled.csv", RUBRIC, CLASS, MARKS) == 1
    found, before = rows(tmp_path / "filled.csv"), rows(export)
    assert found[3][6] == "9.25"
    found[3][6] = ""
    assert found == before


def test_moodle_worksheet_is_filled_with_grade_and_comment(tmp_path: Path) -> None:
    head = "Identifier,Full name,Email address,Status,Grade,Maximum Grade,"
    head += "Grade can be changed,Last modified (submission),Last modified (grade),"
    text = f"{head}Feedback comments\n"
    text += "Participant 4711,Ann Lee,ann@x.org,Submitted,,10.00,Yes,Monday,-,\n"
    text += "Participant 4713,Somebody Else,no@x.org,Submitted,3.00,10.00,Yes,Monday,-,old\n"
    export = written(tmp_path / "sheet.csv", text)
    assert fill_export(export, tmp_path / "filled.csv", RUBRIC, CLASS, MARKS) == 1
    _, ann, other = rows(tmp_path / "filled.csv")
    assert (ann[0], ann[4], ann[8], ann[9]) == ("Participant 4711", "9.25", "-", "Fine.")
    assert (other[4], other[9]) == ("3.00", "old")


def test_an_export_without_the_column_says_what_to_do(tmp_path: Path) -> None:
    export = written(tmp_path / "export.csv", CANVAS_EXPORT.replace("Films (123)", "Other (9)"))
    with pytest.raises(UsageError, match=r"no column 'Films'.*lms_column"):
        fill_export(export, tmp_path / "filled.csv", RUBRIC, CLASS, MARKS)
    with pytest.raises(UsageError, match="neither Canvas"):
        fill_export(written(export, "a,b\n1,2\n"), tmp_path / "f.csv", RUBRIC, CLASS, MARKS)
    with pytest.raises(UsageError, match="is empty"):
        fill_export(written(export, ""), tmp_path / "f.csv", RUBRIC, CLASS, MARKS)


def test_the_lms_may_call_the_assignment_otherwise(tmp_path: Path) -> None:
    rubric = RUBRIC.model_copy(update={"lms_column": "Week 3"})
    write_canvas(tmp_path / "canvas.csv", rubric, CLASS, MARKS)
    assert rows(tmp_path / "canvas.csv")[0][-1] == "Week 3"
