"""Grades a class: what is new or changed goes to the workers, what is done stays as it is."""

import contextlib
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core.errors import UsageError
from helpers.core.executor import as_finished, open_executor
from helpers.core.params import nearest_name
from helpers.suite.exercises.sources import SOURCE
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.confinement.walls import isolation
from helpers.suite.grading.ledger import Ledger, hash_files, hash_words
from helpers.suite.grading.marks.lateness import lateness
from helpers.suite.grading.marks.marking import Task, grade_one
from helpers.suite.grading.marks.reference import execute_reference
from helpers.suite.grading.marks.rubric import Rubric, read_rubric
from helpers.suite.grading.submissions.intake import Submission, collect, settle
from helpers.suite.grading.submissions.master import Master, find_master
from helpers.suite.grading.submissions.roster import Student


@dataclass(frozen=True)
class Class:
    """Everybody with a row in the gradebook, in its order, and what the instructor should read."""

    rubric: Rubric
    students: tuple[Student, ...]
    on_roster: frozenset[str]
    left_out: tuple[str, ...]
    isolation: tuple[str, ...]


@dataclass(frozen=True)
class Graded:
    """One student after their turn: `status` is graded, unchanged or failed (of the grader)."""

    student: str
    status: str
    short: dict[str, Any]


Report = Callable[[Graded], None]
BELIEVED = "Seeds were taken from the notebooks themselves, as there is no class.yml beside the "
BELIEVED += "rubric: a notebook that is a copy of another student's cannot be told from it."


def grade_class(
    submissions: Path,
    rubric: Path,
    out: Path,
    *,
    roster: Sequence[Student] = (),
    jobs: str | int | None = None,
    only: str | None = None,
    fresh: bool = False,
    report: Report = lambda graded: None,
) -> Class:
    """Grade what is new or changed since the last time in `out`; call `report` after each student.

    only: grade this student, changed or not, and nobody else. fresh: grade all again. jobs: see
    `open_executor`. A grader that is killed goes on where it was. Raises UsageError, SuiteError.
    """
    read_rubric(rubric)  # what is wrong with it is said before anything is written
    _require_apart(submissions.absolute(), out.absolute())
    with contextlib.ExitStack() as open_ones:
        ledger = open_ones.enter_context(Ledger(out.absolute()).open())
        scratch = ledger.scratch("intake")
        open_ones.callback(shutil.rmtree, scratch, ignore_errors=True)
        master = find_master(rubric, ledger.folder / "master")
        found, left_out = collect(submissions, roster, master.rubric.notebooks, scratch)
        settled = [settle(one) for one in found]
        chosen = _chosen(settled, only)
        execute_reference(master, ledger)
        protected = (submissions.absolute(), rubric.parent.absolute(), ledger.folder, SOURCE)
        tasks = _tasks(chosen, master, ledger, protected, fresh or bool(only), report)
        _grade(tasks, jobs, ledger, report)
    believed = [BELIEVED] if master.believes_stamps else []
    return Class(
        master.rubric,
        tuple(one.student for one in settled),
        frozenset(one.student.student for one in settled if one.on_roster),
        (*believed, *left_out),
        tuple(isolation()),
    )


def _require_apart(submissions: Path, out: Path) -> None:
    """Marks among the submissions would be taken for one the next time."""
    if out.is_relative_to(submissions) or submissions.is_relative_to(out):
        raise UsageError(f"--out {out} and the submissions lie in one another; keep them apart")


def _chosen(found: Sequence[Submission], only: str | None) -> list[Submission]:
    if only is None:
        return list(found)
    chosen = [one for one in found if one.student.student == only]
    if not chosen:
        hint = nearest_name(only, [one.student.student for one in found])
        raise UsageError(
            f"--only {only}: no such student on the roster or among what came in{hint}"
        )
    return chosen


def _tasks(
    found: Sequence[Submission],
    master: Master,
    ledger: Ledger,
    protected: tuple[Path, ...],
    again: bool,
    report: Report,
) -> Iterator[Task]:
    """What has to be graded; each submission is copied only when its turn comes."""
    against = master.fingerprint()
    for one in found:
        name = one.student.student
        task = _task(one, master, ledger, protected, against)
        entry = ledger.entry(name)
        if not again and entry.get("fingerprint") == task.fingerprint:
            report(Graded(name, "unchanged", entry["mark"]))
            continue
        ledger.store_submission(name, one.notebooks)
        yield task


def _task(
    one: Submission, master: Master, ledger: Ledger, protected: tuple[Path, ...], against: str
) -> Task:
    name = one.student.student
    handed_in = hash_words(
        {notebook: hash_files([path], path.parent) for notebook, path in one.notebooks.items()},
        [vars(problem) for problem in one.problems],
    )
    # A time of the roster counts before that of files; an LMS's files have no time worth knowing.
    submitted = one.student.submitted or (None if one.from_lms else one.submitted)
    seed = master.seed_of(one)
    costs = lateness(master.rubric, submitted, said_late=one.late_mark)
    return Task(
        student=name,
        seed=seed,
        out=ledger.folder,
        rubric=master.path,
        notebooks=tuple(sorted(one.notebooks)),
        problems=tuple(one.problems),
        notes=tuple(one.notes),
        submitted=submitted,
        said_late=one.late_mark,
        attempt=_attempt(one, ledger.entry(name), handed_in),
        fingerprint=hash_words(handed_in, against, seed, costs, one.notes),
        submission=handed_in,
        protected=protected,
    )


def _attempt(one: Submission, last: dict[str, Any], handed_in: str) -> int:
    """How many different things the student has handed in so far."""
    tries = last["mark"]["attempt"] if last else 0
    empty = any(problem.status == Status.NOTHING_SUBMITTED for problem in one.problems)
    return tries + (not empty and last.get("submission") != handed_in)


def _grade(tasks: Iterator[Task], jobs: str | int | None, ledger: Ledger, report: Report) -> None:
    with open_executor(jobs, shared=ledger.folder) as pool:
        for done in as_finished(pool, grade_one, tasks):
            name = done.item.student
            if done.error:
                words = f"{type(done.error).__name__}: {done.error}"
                report(Graded(name, "failed", {"reason": " ".join(words.split())[:400]}))
            else:
                report(Graded(name, "graded", done.value))


def set_by_hand(out: Path, rubric: Path, override: str, comment: str) -> None:
    """Set one score by hand (`STUDENT=SCORE`), or take that back (`STUDENT=`).

    It outlives every regrading. Raises UsageError for a score that is none, a missing comment, and
    a student nobody has heard of.
    """
    student, sign, text = override.rpartition("=")
    if not sign or not student.strip():
        raise UsageError(f"--override {override}: expected STUDENT=SCORE, for example ann=7.5")
    ledger = Ledger(out.absolute())
    if not ledger.entry(student.strip()):
        known = ledger.students()
        hint = nearest_name(student, known) or "; grade the class first"
        raise UsageError(f"--override {override}: '{student}' has no mark in {out}{hint}")
    ledger.override(student.strip(), _score(override, text, read_rubric(rubric)), comment)


def _score(override: str, text: str, rubric: Rubric) -> float | None:
    if not text.strip():
        return None
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not 0 <= score <= rubric.max_score:
        raise UsageError(f"--override {override}: a score is from 0 to {rubric.max_score:g}")
    return score
