"""Runs one submission: its notebooks in order, confined and watched, and tells how each went."""

import functools
import logging
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helpers.core.errors import SuiteError
from helpers.suite.grading.confinement.confine import Confinement, store_port
from helpers.suite.grading.confinement.desk import EXECUTED, Desk
from helpers.suite.grading.confinement.limits import Limits
from helpers.suite.grading.confinement.outcome import CellRun, Execution, NotebookRun, Status
from helpers.suite.grading.confinement.reports import Reports
from helpers.suite.grading.confinement.slots import own_user
from helpers.suite.grading.confinement.verdicts import explain, gravest
from helpers.suite.grading.confinement.walls import Walls, find_walls
from helpers.suite.grading.confinement.watch import Watch
from helpers.suite.grading.submissions.submitted import UnfitNotebookError, read_submitted


def execute_submission(
    notebooks: Sequence[Path],
    desk: Path,
    limits: Limits,
    parameters: Mapping[str, Any],
    protected: Sequence[Path],
    *,
    readable: Sequence[Path] = (),
    walls: Walls | None = None,
) -> Execution:
    """Run `notebooks` in order under papermill, each in a confined kernel of its own.

    desk: folder of this submission; executed copies come to `executed/`, plain answers to
    `handed_in/`. What already lies in `home/`, `outputs/` or `answers/` the submission finds.
    parameters: what papermill sets; protected: what an attempt to open is flagged for;
    readable: what it may read besides Python and the suite; walls: all that hold here if None.

    When this returns, no process of the submission lives. Raises SuiteError where no submission
    can be confined at all.
    """
    if os.name != "posix":
        raise SuiteError("Grading runs other people's code, so it needs Linux or macOS (or WSL).")
    if not notebooks:
        return Execution(Status.NOTHING_SUBMITTED, Status.NOTHING_SUBMITTED.sentence)
    started = time.monotonic()
    walls = find_walls() if walls is None else walls
    place, reports = Desk(desk.absolute()), Reports(protected)
    with own_user(walls) as user:
        port = store_port(walls)
        place.prepare(user, port)
        confinement = Confinement(walls, user, place, limits, tuple(readable), port)
        with Watch(place, limits, reports) as watch:
            session = _Session(confinement, watch, reports, parameters)
            runs = tuple(session.run(path) for path in notebooks)
    place.collect()
    seconds = round(time.monotonic() - started, 3)
    status = gravest(run.status for run in runs)
    first = next(run for run in runs if run.status is status)
    reason = first.reason if status is Status.PASSED else f"{first.name}: {first.reason}"
    return Execution(status, reason, runs, reports.flags(), seconds, watch.peak_bytes)


class _Session:
    """What the notebooks of one submission share while they run."""

    def __init__(
        self,
        confinement: Confinement,
        watch: Watch,
        reports: Reports,
        parameters: Mapping[str, Any],
    ):
        self._confinement, self._watch, self._reports = confinement, watch, reports
        self._parameters = dict(parameters)

    def run(self, path: Path) -> NotebookRun:
        """Run one notebook, unless it is unfit or the submission is over."""
        started = time.monotonic()
        name = path.stem
        self._reports.begin(name)
        if self._watch.over():
            late = self._watch.verdict is None  # time ran out between two notebooks
            status = Status.TOTAL_TIMEOUT if late else Status.NOT_RUN
            return NotebookRun(name, status, status.sentence)
        self._watch.next_notebook()
        try:
            notebook = read_submitted(path)
        except UnfitNotebookError as error:
            return NotebookRun(name, error.status, str(error))
        wanted = [cell.id for cell in notebook.cells if cell.cell_type == "code"]
        runs = self._execute(notebook, name)
        runs += [CellRun(name, Status.NOT_RUN) for name in wanted if name not in _ids(runs)]
        status, reason = self._summary(runs)
        return NotebookRun(name, status, reason, tuple(runs), round(time.monotonic() - started, 3))

    def _summary(self, runs: Sequence[CellRun]) -> tuple[Status, str]:
        """Status and reason of a notebook from those of its cells."""
        status = gravest(run.status for run in runs)
        if status is Status.NOT_RUN:  # no cell began
            status = self._watch.verdict or Status.KERNEL_KILLED
            return status, f"Before its first cell: {status.sentence}"
        if status is Status.PASSED:
            return status, status.sentence
        cell = next(run for run in runs if run.status is status)
        return status, explain(cell, self._confinement.limits)

    def _execute(self, notebook: Any, name: str) -> list[CellRun]:
        """Run the notebook under papermill; the executed copy is kept on the desk."""
        import papermill
        from papermill.exceptions import PapermillExecutionError

        from helpers.suite.grading.confinement.client import ENGINE, ConfinedClient
        from helpers.suite.grading.confinement.manager import ConfinedKernelManager

        logging.getLogger("papermill").setLevel(logging.CRITICAL)
        runs: list[CellRun] = []
        room = self._confinement.room(name)
        try:
            manager = ConfinedKernelManager(self._confinement, room, self._watch)
            start = functools.partial(
                ConfinedClient,
                km=manager,
                watch=self._watch,
                limits=self._confinement.limits,
                runs=runs,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                papermill.execute_notebook(
                    notebook,
                    self._confinement.desk.folder / EXECUTED / f"{name}.ipynb",
                    self._parameters,
                    engine_name=ENGINE,
                    kernel_name="python3",
                    language="python",
                    progress_bar=False,
                    request_save_on_cell_execute=False,
                    start=start,
                )
        except PapermillExecutionError:
            pass  # a cell raised: `runs` says which and how
        finally:
            self._watch.let_go()
            room.remove()
        return runs


def _ids(runs: Sequence[CellRun]) -> set[str]:
    return {run.id for run in runs}
