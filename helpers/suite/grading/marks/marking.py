"""Grades one submission from the copy of its notebooks to its mark: the work of one worker."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat

from helpers.suite.exercises.sources import read_source
from helpers.suite.grading.confinement.desk import EXECUTED, HANDED_IN
from helpers.suite.grading.confinement.outcome import Execution, Status
from helpers.suite.grading.ledger import Ledger
from helpers.suite.grading.marks.checking import check_all
from helpers.suite.grading.marks.lateness import lateness
from helpers.suite.grading.marks.mark import CheckResult, Failure, Mark, shown, total
from helpers.suite.grading.marks.rubric import Rubric, read_rubric
from helpers.suite.grading.results.gradebook import one_line
from helpers.suite.grading.results.integrity import prints_of
from helpers.suite.grading.submissions.intake import Problem
from helpers.suite.grading.submissions.restore import Restored, restore
from helpers.suite.grading.submissions.submitted import UnfitNotebookError

MOST_SOURCE = 4_000  # letters of a failing cell, and of its error, that the feedback shows
FINE = (Status.PASSED, Status.FAILED_CHECK)


@dataclass(frozen=True)
class Task:
    """All that a worker needs to grade one submission; plain values, so that it can travel."""

    student: str
    seed: int
    out: Path
    rubric: Path
    notebooks: tuple[str, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    submitted: datetime | None
    said_late: bool
    attempt: int
    fingerprint: str
    submission: str
    protected: tuple[Path, ...] = ()


@dataclass
class _Work:
    """What is known of a submission while it is graded."""

    rubric: Rubric
    restored: dict[str, Restored] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def grade_one(task: Task) -> dict[str, Any]:
    """Run, check and mark one submission; write its mark and executed notebooks; say in short.

    Returns student, status, score, max_score and seconds. The submission's copy lies in the
    ledger's folder already. Whatever the submission does becomes its status, never an error.
    """
    ledger = Ledger(task.out)
    work = _Work(read_rubric(task.rubric), problems=list(task.problems))
    desk = ledger.scratch("desk")
    try:
        execution = _run(task, work, desk, ledger.place(task.student) / "submitted")
        mark = _mark(task, work, execution, desk)
        _keep_executed(desk / EXECUTED, ledger.place(task.student) / "executed")
    finally:
        shutil.rmtree(desk, ignore_errors=True)
    ledger.write(mark, task.fingerprint, task.submission)
    short = ("student", "status", "score", "max_score", "seconds")
    return {name: getattr(mark, name) for name in short}


def _run(task: Task, work: _Work, desk: Path, submitted: Path) -> Execution:
    """Put the instructor's cells back and run what can be run."""
    from helpers.suite.grading.confinement.execute import execute_submission

    ready = desk / "ready"
    ready.mkdir()
    for name in task.notebooks:
        try:
            master = read_source(task.rubric.parent / f"{name}.ipynb")
            work.restored[name] = restore(submitted / f"{name}.ipynb", master)
        except UnfitNotebookError as error:
            work.problems.append(Problem(error.status, f"{name}: {error}", name))
            continue
        nbformat.write(work.restored[name].notebook, ready / f"{name}.ipynb")
    if not work.restored:
        return _not_run(work.problems)
    return execute_submission(
        sorted(ready.iterdir()),
        desk,
        work.rubric.limits_of_one,
        {"student": one_line(task.student), "seed": task.seed},
        task.protected,
    )


def _not_run(problems: list[Problem]) -> Execution:
    first = problems[0]
    return Execution(first.status, first.reason)


def _mark(task: Task, work: _Work, execution: Execution, desk: Path) -> Mark:
    reasons = dict(_unable(task, work))
    checks = check_all(
        work.rubric,
        execution,
        answers=desk / HANDED_IN,
        executed=desk / EXECUTED,
        reference=task.out / "reference",
        master=task.rubric.parent,
        seed=task.seed,
        reasons=reasons,
    )
    factor, late = lateness(work.rubric, task.submitted, said_late=task.said_late)
    status = _status(work.problems, execution, checks)
    own = {name: one.own_cells for name, one in work.restored.items()}
    return Mark(
        student=task.student,
        status=status,
        score=round(total(checks) * factor, 2),
        max_score=work.rubric.max_score,
        reason=_reason(status, work.problems, execution, checks, late),
        seconds=round(execution.seconds, 1),
        attempt=task.attempt,
        checks=checks,
        flags=execution.flags,
        edits=tuple(edit for one in work.restored.values() for edit in one.edits),
        failures=tuple(_failures(execution, work)),
        notes=task.notes,
        prints=prints_of(own, desk / EXECUTED),
        late=late,
        peak_bytes=execution.peak_bytes,
    )


def _unable(task: Task, work: _Work) -> list[tuple[str, str]]:
    """Each graded notebook that was not run, and why."""
    whole = next((one.reason for one in work.problems if not one.notebook), None)
    known = {one.notebook: one.reason for one in work.problems if one.notebook}
    absent = [name for name in work.rubric.notebooks if name not in work.restored]
    return [
        (name, known.get(name) or whole or f"{name}.ipynb was not handed in.") for name in absent
    ]


def _status(
    problems: list[Problem], execution: Execution, checks: tuple[CheckResult, ...]
) -> Status:
    if problems:
        return problems[0].status
    if execution.status not in FINE:
        return execution.status
    lost = any(check.earned < check.points for check in checks)
    return Status.FAILED_CHECK if lost else Status.PASSED


def _reason(
    status: Status,
    problems: list[Problem],
    execution: Execution,
    checks: tuple[CheckResult, ...],
    late: str,
) -> str:
    """One or a few sentences: what happened, what it cost, lateness; never empty."""
    lost = [check for check in checks if check.earned < check.points]
    words = []
    if problems:
        words.append(problems[0].reason)
    elif status not in FINE:
        words.append(execution.reason or status.sentence)
    if lost:
        first = lost[0]
        words.append(f"{len(lost)} of {len(checks)} checks lost points")
        words[-1] += "." if words[1:] else f"; the first, {first.title}: {first.reason}"
    else:
        words.append(f"All {len(checks)} checks passed.")
    return " ".join(_ended(word) for word in (*words, late) if word)


def _ended(text: str) -> str:
    """A sentence with its full stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _failures(execution: Execution, work: _Work) -> list[Failure]:
    """The cells that did not run to their end, with their source and error."""
    found = []
    for run in execution.notebooks:
        cells = work.restored[run.name].notebook.cells if run.name in work.restored else []
        sources = {cell.id: cell.source for cell in cells}
        for cell in run.cells:
            if cell.status not in (Status.PASSED, Status.NOT_RUN):
                words = f"{cell.error_name}: {cell.error_text}" if cell.error_name else ""
                source = sources.get(cell.id, "")[:MOST_SOURCE]
                error = (words or cell.status.sentence)[:MOST_SOURCE]
                found.append(Failure(run.name, cell.id, cell.status, source, error))
    return found


def _keep_executed(made: Path, kept: Path) -> None:
    """Keep the executed notebooks beside the mark; a link that a submission made is no notebook."""
    shutil.rmtree(kept, ignore_errors=True)
    if made.is_symlink() or not made.is_dir():
        return
    kept.mkdir(parents=True)
    for path in made.glob("*.ipynb"):
        if path.is_file() and not path.is_symlink():
            shutil.copyfile(path, kept / path.name)


def points(values: Mapping[str, Any]) -> str:
    """`7.5 of 10` for what `grade_one` returned."""
    return f"{shown(values['score'])} of {shown(values['max_score'])}"
