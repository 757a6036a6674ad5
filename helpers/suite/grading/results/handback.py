"""Writes everything that goes back to the class: gradebook, LMS files, feedback and class page."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from helpers.suite.grading.batch import Class
from helpers.suite.grading.ledger import Ledger
from helpers.suite.grading.marks.mark import Mark
from helpers.suite.grading.results.feedback import feedback_name, write_feedback
from helpers.suite.grading.results.gradebook import marks_of, write_gradebook
from helpers.suite.grading.results.lms import fill_export, write_canvas, write_moodle
from helpers.suite.grading.results.summary import write_summary


def hand_back(whole: Class, out: Path, exports: Sequence[Path] = ()) -> list[Path]:
    """Write all files from the marks in `out`, and fill the `exports` of an LMS; returns them.

    Raises UsageError for an export that cannot be filled.
    """
    ledger = Ledger(out.absolute())
    marks = []
    for student, mark in zip(
        whole.students, marks_of(whole.students, ledger, whole.rubric.max_score), strict=True
    ):
        write_feedback(out, whole.rubric, student, mark)
        marks.append(replace(mark, failures=()))  # the largest part, which only that page shows
    by_name = {mark.student: mark for mark in marks}
    # With a roster only its students are in the LMS, and Moodle refuses a file with any other.
    known = [one for one in whole.students if not whole.on_roster or one.student in whole.on_roster]
    write_gradebook(out / "gradebook.csv", marks)
    write_canvas(out / "canvas.csv", whole.rubric, known, by_name)
    write_moodle(out / "moodle.csv", whole.rubric, known, by_name)
    written = [out / name for name in ("gradebook.csv", "canvas.csv", "moodle.csv")]
    for export in exports:
        target = out / "filled" / export.name
        fill_export(export, target, whole.rubric, known, by_name)
        written.append(target)
    _write_class_page(whole, out, marks)
    return [*written, out / "index.html"]


def _write_class_page(whole: Class, out: Path, marks: Sequence[Mark]) -> None:
    current = {(out / feedback_name(one.student)).name for one in whole.students}
    for page in (out / "feedback").glob("*.html"):
        if page.name not in current:
            page.unlink()  # of somebody who left the class
    write_summary(
        out / "index.html",
        whole.rubric,
        whole.students,
        marks,
        whole.on_roster or frozenset(one.student for one in whole.students),
        left_out=whole.left_out,
        isolation=whole.isolation,
    )
