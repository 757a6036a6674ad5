"""The class page: how the class did, which checks were hardest, what the instructor should see."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.marks.mark import Mark
from helpers.suite.grading.marks.rubric import Rubric
from helpers.suite.grading.results.feedback import feedback_name
from helpers.suite.grading.results.integrity import find_hints
from helpers.suite.grading.results.pages import write_page
from helpers.suite.grading.submissions.roster import Student

BINS = 10
# Of a mark these two say more than of a notebook's run.
MEANINGS = {
    Status.PASSED: "Every cell ran and every check of the rubric passed.",
    Status.FAILED_CHECK: "The notebooks ran; a check of the rubric lost points.",
    Status.NOT_RUN: "Not graded yet.",
}


@dataclass(frozen=True)
class Bar:
    """One bar of the distribution: the range of scores in percent, and how many fall in it."""

    low: int
    high: int
    students: int
    height: float


@dataclass(frozen=True)
class Hardness:
    """How one check went in the class: mean share of its points, how many earned none or a part."""

    title: str
    notebook: str
    points: float
    share: float
    none: int
    part: int
    commonest: str


@dataclass(frozen=True)
class Line:
    """One student in the table."""

    name: str
    mark: Mark
    page: str
    on_roster: bool


def write_summary(
    path: Path,
    rubric: Rubric,
    students: Sequence[Student],
    marks: Sequence[Mark],
    on_roster: frozenset[str],
    *,
    left_out: Sequence[str] = (),
    isolation: Sequence[str] = (),
) -> None:
    """Write the class page. isolation: sentences on what holds, and what is weaker, here."""
    graded = [mark for mark in marks if mark.status != Status.NOT_RUN]
    rows = zip(students, marks, strict=True)
    lines = [
        Line(one.name or one.student, mark, feedback_name(one.student), one.student in on_roster)
        for one, mark in rows
    ]
    content = {
        "rubric": rubric,
        "graded": len(graded),
        "lines": lines,
        "figures": _figures(graded),
        "bars": _bars(graded),
        "statuses": [
            (status, count, MEANINGS.get(status, status.sentence))
            for status, count in Counter(mark.status for mark in marks).most_common()
        ],
        "checks": _hardest(one for one in graded if one.status != Status.NOTHING_SUBMITTED),
        "flagged": [mark for mark in marks if mark.flags],
        "edited": [mark for mark in marks if mark.edits],
        "hints": find_hints(graded),
        "names": {one.student: one.name or one.student for one in students},
        "left_out": left_out,
        "isolation": isolation,
    }
    write_page(path, "summary.html.j2", content)


def _figures(marks: Sequence[Mark]) -> dict[str, float]:
    """Median, mean, lowest and highest score; empty for a class without a mark."""
    scores = [mark.score for mark in marks]
    if not scores:
        return {}
    return {
        "Median": statistics.median(scores),
        "Mean": statistics.fmean(scores),
        "Lowest": min(scores),
        "Highest": max(scores),
    }


def _bars(marks: Sequence[Mark]) -> list[Bar]:
    """Scores in percent, in bins of ten; the full score falls into the last."""
    counts = Counter(_bin(mark) for mark in marks)
    tallest = max(counts.values(), default=1)
    step = 100 // BINS
    return [
        Bar(step * place, step * (place + 1), counts[place], 100 * counts[place] / tallest)
        for place in range(BINS)
    ]


def _bin(mark: Mark) -> int:
    share = mark.score / mark.max_score if mark.max_score else 0.0
    return max(0, min(BINS - 1, int(share * BINS + 1e-9)))


def _hardest(marks: Iterable[Mark]) -> list[Hardness]:
    """The checks by mean share of their points, the lowest first."""
    results: dict[str, list] = {}
    for mark in marks:
        for check in mark.checks:
            results.setdefault(check.id, []).append(check)
    found = []
    for checks in results.values():
        shares = [check.earned / check.points for check in checks]
        reasons = Counter(check.reason for check in checks if check.reason)
        commonest = reasons.most_common(1)[0][0] if reasons else ""
        none = sum(share == 0 for share in shares)
        part = sum(0 < share < 1 for share in shares)
        first = checks[0]
        share = statistics.fmean(shares)
        found.append(
            Hardness(first.title, first.notebook, first.points, share, none, part, commonest)
        )
    return sorted(found, key=lambda one: (one.share, one.notebook))
