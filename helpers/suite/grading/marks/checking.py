"""Each check of the rubric on one executed submission: a share of its points, and why not all."""

import atexit
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.suite.grading.confinement.outcome import Execution, Status
from helpers.suite.grading.marks.mark import CheckResult
from helpers.suite.grading.marks.rubric import CellCheck, Check, Rubric, TextCheck
from helpers.suite.grading.marks.texts import compare_text

if TYPE_CHECKING:
    from helpers.suite.grading.marks.court import Court

CHECK_SECONDS = 60.0
Verdict = tuple[float, str]


def check_all(
    rubric: Rubric,
    execution: Execution,
    *,
    answers: Path,
    executed: Path,
    reference: Path,
    master: Path,
    seed: int,
    reasons: Mapping[str, str],
) -> tuple[CheckResult, ...]:
    """The result of every check, in the rubric's order.

    answers: what the submission left; executed: its executed notebooks; reference: those of the
    instructor; master: the instructor's folder; reasons: notebook -> why it could not run at all.
    Raises SuiteError for a hidden test that is broken in itself.
    """
    judged = [check for check in rubric.checks if not isinstance(check, (CellCheck, TextCheck))]
    able = [check for check in judged if check.notebook not in reasons]
    verdicts = judge_answers(able, answers, master / "hidden", seed) if able else {}
    results = []
    for check in rubric.checks:
        share, reason = _verdict(check, execution, verdicts, executed, reference, reasons)
        earned = round(check.points * share, 4)
        reason = reason if earned < check.points else ""
        results.append(
            CheckResult(check.id, check.notebook, check.title, check.points, earned, reason)
        )
    return tuple(results)


def _verdict(
    check: Check,
    execution: Execution,
    verdicts: Mapping[str, Verdict],
    executed: Path,
    reference: Path,
    reasons: Mapping[str, str],
) -> Verdict:
    if check.notebook in reasons:
        return 0.0, reasons[check.notebook]
    if isinstance(check, CellCheck):
        return _cell_ran(check, execution)
    if isinstance(check, TextCheck):
        name = f"{check.notebook}.ipynb"
        return compare_text(executed / name, reference / name, check.cell, check.sanitize)
    return _with_cause(check, execution, verdicts[check.id])


def _cell_ran(check: CellCheck, execution: Execution) -> Verdict:
    run = execution.notebook(check.notebook)
    cell = run.cell(check.cell) if run else None
    if cell is None:
        return 0.0, f"The cell {check.cell} did not run. {run.reason if run else ''}".strip()
    if cell.status == Status.PASSED:
        return 1.0, ""
    error = f" {cell.error_name}: {_first_line(cell.error_text)}" if cell.error_name else ""
    return 0.0, f"{cell.status.sentence}{error}"


def _with_cause(check: Check, execution: Execution, verdict: Verdict) -> Verdict:
    """A task not handed in because the notebook broke off says so."""
    share, reason = verdict
    run = execution.notebook(check.notebook)
    if "was not handed in" in reason and run and run.status != Status.PASSED:
        return share, f"{reason} {run.reason}"
    return share, reason


def judge_answers(
    checks: Sequence[Check], answers: Path, hidden: Path, seed: int
) -> dict[str, Verdict]:
    """Check id -> share and reason, from processes that end before this returns.

    A process that dies takes one check with it: the one it was at is not passed, and another
    process goes on behind it.
    """
    verdicts: dict[str, Verdict] = {}
    left = list(checks)
    while left:
        found = _judged(left, answers, hidden, seed)
        verdicts |= found
        left = [check for check in left if check.id not in verdicts]
        if left:
            verdicts[left[0].id] = 0.0, "The check broke down on this answer."
            left = left[1:]
    return verdicts


def _judged(checks: Sequence[Check], answers: Path, hidden: Path, seed: int) -> dict[str, Verdict]:
    job = {
        "answers": str(answers.absolute()),
        "hidden": str(hidden.absolute()),
        "seed": seed,
        "seconds": CHECK_SECONDS,
        "checks": [check.model_dump() for check in checks],
    }
    found = _court().judge(job, CHECK_SECONDS * len(checks))
    return {one["id"]: (one["share"], one["reason"]) for one in found}


@cache
def _court() -> "Court":
    """The court of this worker, which serves all submissions that it grades."""
    from helpers.suite.grading.marks.court import Court  # POSIX only, as grading itself is

    court = Court()
    atexit.register(court.close)
    return court


def _first_line(text: str) -> str:
    return next((line.strip()[:300] for line in text.splitlines() if line.strip()), "")
