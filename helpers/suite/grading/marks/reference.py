"""Executes the instructor's notebooks whose text is compared with that of the submissions."""

import shutil
from pathlib import Path

from helpers.core.errors import SuiteError
from helpers.suite.grading.confinement.desk import EXECUTED
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.ledger import Ledger, hash_files
from helpers.suite.grading.marks.rubric import Rubric
from helpers.suite.grading.submissions.master import Master


def execute_reference(master: Master, ledger: Ledger) -> Path:
    """The folder of the executed notebooks, with the class's common seed; made when changed.

    Raises SuiteError where one of the instructor's notebooks does not run to its end.
    """
    out = ledger.folder / "reference"
    names = sorted({check.notebook for check in master.rubric.checks if check.kind == "text"})
    notebooks = [master.folder / f"{name}.ipynb" for name in names]
    mark = hash_files(notebooks, master.folder)
    stamp = out / "made_from"
    if not names or (stamp.exists() and stamp.read_text() == mark):
        return out
    desk = ledger.scratch("reference")
    try:
        _execute(notebooks, desk, master.common_seed, master.rubric)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(desk / EXECUTED, out)
        stamp.write_text(mark)
    finally:
        shutil.rmtree(desk, ignore_errors=True)
    return out


def _execute(notebooks: list[Path], desk: Path, seed: int, rubric: Rubric) -> None:
    from helpers.suite.grading.confinement.execute import execute_submission

    parameters = {"student": "instructor", "seed": seed}
    done = execute_submission(notebooks, desk, rubric.limits_of_one, parameters, ())
    if done.status != Status.PASSED:
        raise SuiteError(
            f"The instructor's own notebooks do not run, so no text can be compared: {done.reason}"
        )
