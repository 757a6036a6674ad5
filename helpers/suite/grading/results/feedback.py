"""One feedback page a student: each check with its points and reason, each cell that broke off."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from helpers.suite.grading.marks.mark import CheckResult, Failure, Mark
from helpers.suite.grading.marks.rubric import Rubric
from helpers.suite.grading.results.pages import write_page
from helpers.suite.grading.submissions.restore import Edit
from helpers.suite.grading.submissions.roster import Student, safe_name


@dataclass(frozen=True)
class Chapter:
    """What there is to say about one notebook."""

    name: str
    checks: tuple[CheckResult, ...]
    failures: tuple[Failure, ...]
    edits: tuple[Edit, ...]

    @property
    def earned(self) -> float:
        """Points earned in this notebook, before lateness."""
        return sum(check.earned for check in self.checks)

    @property
    def points(self) -> float:
        """Points there are in this notebook."""
        return sum(check.points for check in self.checks)


def feedback_name(student: str) -> str:
    """The page's path below the grader's folder."""
    return f"feedback/{safe_name(student)}.html"


def write_feedback(folder: Path, rubric: Rubric, student: Student, mark: Mark) -> Path:
    """Write one student's page; what the student wrote is shown as text, never as markup."""
    path = folder / feedback_name(student.student)
    content = {
        "title": rubric.title,
        "student": student.name or student.student,
        "mark": mark,
        "chapters": list(_chapters(mark)),
        "share": mark.score / mark.max_score if mark.max_score else 0,
        "before": sum(check.earned for check in mark.checks),
    }
    write_page(path, "feedback.html.j2", content)
    return path


def _chapters(mark: Mark) -> Iterable[Chapter]:
    for name in dict.fromkeys(check.notebook for check in mark.checks):
        checks, failures, edits = (
            tuple(one for one in all_of_them if one.notebook == name)
            for all_of_them in (mark.checks, mark.failures, mark.edits)
        )
        yield Chapter(name, checks, failures, edits)
