"""Feedback and class page: one file each, all text escaped, nothing loaded, nothing run."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.marks.mark import CheckResult, Failure, Mark, Override
from helpers.suite.grading.marks.rubric import Rubric
from helpers.suite.grading.results.feedback import write_feedback
from helpers.suite.grading.results.summary import write_summary
from helpers.suite.grading.submissions.restore import Edit
from helpers.suite.grading.submissions.roster import Student

CHECK = {"id": "a", "notebook": "01_x", "title": "A", "points": 10, "kind": "cell", "cell": "c"}
RUBRIC = Rubric(version=1, title="Films & more", checks=[CHECK])
EVIL = "<script>alert(1)</script>\" onload='x' </pre>&amp;\u202e\x1b[31m{{ 7 * 7 }}"
CHECKS = (
    CheckResult("a", "01_x", "The listing", 4, 4),
    CheckResult("b", "01_x", "The share", 4, 1.5, f"Your share is {EVIL}."),
    CheckResult("c", "02_y", "The text", 2, 0, "It was not handed in."),
)


def mark(student: str = "ann", **values) -> Mark:
    facts = {"status": Status.RAISED, "score": 5.5, "max_score": 10, "reason": f"Why: {EVIL}"}
    facts |= {"checks": CHECKS, "seconds": 3.2, "attempt": 1}
    return Mark(student, **facts | values)


class _Tags(HTMLParser):
    """All tags and attribute names of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.found += [(tag, "")] + [(tag, name) for name, _ in attrs]


def is_harmless(page: str) -> None:
    tags = _Tags(page).found
    assert not {tag for tag, _ in tags} & {"script", "iframe", "object", "img", "form", "link"}
    assert not [name for _, name in tags if name.startswith("on") or name == "src"]
    assert "default-src 'none'" in page
    assert not re.search(r"https?://", page)
    assert "\u202e" not in page and "\x1b" not in page and "49" not in page


def feedback(folder: Path, made: Mark, name: str = "Ann Lee") -> str:
    student = Student(made.student, name)
    return write_feedback(folder, RUBRIC, student, made).read_text(encoding="utf-8")


def test_each_check_stands_there_with_points_and_reason(tmp_path: Path) -> None:
    page = feedback(tmp_path, mark())
    for words in ("The listing", "4 of 4", "1.5 of 4", "0 of 2", "It was not handed in."):
        assert words in page
    assert "<h2>01_x" in page and "5.5 of 8" in page


def test_what_the_student_wrote_is_text(tmp_path: Path) -> None:
    failure = Failure("01_x", "01-a", "raised", f"x = '{EVIL}'", f"ValueError: {EVIL}")
    edit = Edit("01_x", "01-b", "changed", "The cell was changed.", f"+{EVIL}")
    page = feedback(tmp_path, mark(failures=(failure,), edits=(edit,), notes=(EVIL,)), name=EVIL)
    is_harmless(page)
    assert page.count("&lt;script&gt;") >= 6


def test_the_failing_cell_stands_there_with_its_error(tmp_path: Path) -> None:
    failure = Failure("01_x", "01-a", "raised", "x = 1\n1/0", "ZeroDivisionError: division by zero")
    page = feedback(tmp_path, mark(failures=(failure,)))
    assert "x = 1\n1/0" in page
    assert "ZeroDivisionError: division by zero" in page


def test_a_score_set_by_hand_says_so_and_why(tmp_path: Path) -> None:
    made = mark().overridden(Override(9, "I was too strict", "2026-10-01"))
    page = feedback(tmp_path, made)
    assert "set by hand" in page and "I was too strict" in page and "<strong>9</strong>" in page


def test_flags_are_not_for_the_student(tmp_path: Path) -> None:
    page = feedback(tmp_path, mark(flags=("It tried to open the hidden tests.",)))
    assert "hidden tests" not in page


def test_lateness_says_what_it_was_before(tmp_path: Path) -> None:
    page = feedback(tmp_path, mark(score=4.95, late="Handed in late: 10 % is taken off."))
    assert "10 % is taken off. Before that it was 5.5." in page


def test_the_page_of_a_name_that_is_a_path_stays_in_its_folder(tmp_path: Path) -> None:
    feedback(tmp_path / "out", mark("../../evil"))
    (page,) = tmp_path.rglob("*.html")
    assert page.parent == tmp_path / "out" / "feedback"


@pytest.fixture
def summary(tmp_path: Path):
    def write(*marks: Mark, **values) -> str:
        students = [Student(one.student, f"Name of {one.student}") for one in marks]
        known = frozenset(one.student for one in marks[:-1])
        write_summary(tmp_path / "index.html", RUBRIC, students, marks, known, **values)
        return (tmp_path / "index.html").read_text(encoding="utf-8")

    return write


def test_the_class_page_shows_distribution_and_hardest_check_first(summary) -> None:
    page = summary(mark("ann", score=10), mark("bob", score=0), mark("cid", score=5))
    assert page.index("The text") < page.index("The share") < page.index("The listing")
    assert "Median of 10" in page and ">5<" in page.replace("</b>", "<")
    assert "0 to 10, 1; " in page and "90 to 100, 1; " in page


def test_the_class_page_is_harmless_and_hides_nothing(summary) -> None:
    evil = mark(
        "cid",
        flags=(f"It tried to open {EVIL}.",),
        edits=(Edit("01_x", "01-b", "changed", "Changed."),),
    )
    page = summary(mark("ann"), evil, left_out=[EVIL], isolation=["Weaker here: everything."])
    is_harmless(page)
    assert "It tried to open" in page and "01-b changed" in page
    assert "Weaker here: everything." in page
    assert page.count("not on the roster") == 1


def test_a_class_without_marks_has_a_page(summary) -> None:
    waiting = Mark("ann", Status.NOT_RUN, 0, 10, "Not graded yet.")
    page = summary(waiting, replace(waiting, student="bob"))
    assert "Nobody has been graded yet" in page
    assert "0 of 2 students graded" in page
