"""What happened to a submission: one word for each way it can go, cell by cell and in all."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Status(StrEnum):
    """How a cell, a notebook or a whole submission went; `sentence` says it in words."""

    PASSED = "passed"
    NOT_RUN = "not_run"
    FAILED_CHECK = "failed_check"
    RAISED = "raised"
    CELL_TIMEOUT = "cell_timeout"
    TOTAL_TIMEOUT = "total_timeout"
    OUT_OF_MEMORY = "out_of_memory"
    SYS_EXIT = "sys_exit"
    HARD_EXIT = "hard_exit"
    KERNEL_KILLED = "kernel_killed"
    TOO_MUCH_OUTPUT = "too_much_output"
    ASKED_FOR_INPUT = "asked_for_input"
    TOO_MANY_PROCESSES = "too_many_processes"
    TOO_MUCH_WRITTEN = "too_much_written"
    UNREADABLE_NOTEBOOK = "unreadable_notebook"
    NOTHING_SUBMITTED = "nothing_submitted"
    NO_PARAMETERS_CELL = "no_parameters_cell"
    DUPLICATE_CELL_IDS = "duplicate_cell_ids"
    FOREIGN_KERNEL = "foreign_kernel"
    UNSAFE_LINK = "unsafe_link"
    UNSAFE_ARCHIVE = "unsafe_archive"

    @property
    def sentence(self) -> str:
        """The status in one plain sentence, for the student and the gradebook."""
        return SENTENCES[self]


SENTENCES = {
    Status.PASSED: "Every cell ran to its end.",
    Status.NOT_RUN: "It was not run, because something before it ended the notebook.",
    Status.FAILED_CHECK: "A self-check found something wrong.",
    Status.RAISED: "A cell stopped with an error.",
    Status.CELL_TIMEOUT: "A cell took longer than one cell may.",
    Status.TOTAL_TIMEOUT: "The notebooks together took longer than they may.",
    Status.OUT_OF_MEMORY: "A cell needed more memory than there is for one submission.",
    Status.SYS_EXIT: "A cell ended the notebook with exit() or sys.exit().",
    Status.HARD_EXIT: "A cell ended the notebook's process with os._exit().",
    Status.KERNEL_KILLED: "The notebook's process was killed or crashed while a cell ran.",
    Status.TOO_MUCH_OUTPUT: "A cell printed or showed more than a notebook may hold.",
    Status.ASKED_FOR_INPUT: "A cell asked for input, and nobody is there to answer.",
    Status.TOO_MANY_PROCESSES: "A cell started more processes than a submission may.",
    Status.TOO_MUCH_WRITTEN: "A cell wrote more to disk than a submission may.",
    Status.UNREADABLE_NOTEBOOK: "The file is empty, damaged or no Jupyter notebook.",
    Status.NOTHING_SUBMITTED: "Nothing was handed in.",
    Status.NO_PARAMETERS_CELL: "The cell tagged `parameters` is missing.",
    Status.DUPLICATE_CELL_IDS: "Two cells have the same id.",
    Status.FOREIGN_KERNEL: "The notebook is not written for Python.",
    Status.UNSAFE_LINK: "A file handed in is a link that leads elsewhere.",
    Status.UNSAFE_ARCHIVE: "The archive would unpack outside its own folder or is too large.",
}


@dataclass(frozen=True)
class CellRun:
    """How one code cell went; `error_name` and `error_text` are empty unless it raised."""

    id: str
    status: Status
    seconds: float = 0.0
    error_name: str = ""
    error_text: str = ""


@dataclass(frozen=True)
class NotebookRun:
    """How one notebook went: its code cells in order, and why it is not `passed`."""

    name: str
    status: Status
    reason: str
    cells: tuple[CellRun, ...] = ()
    seconds: float = 0.0

    def cell(self, cell_id: str) -> CellRun | None:
        """The run of the cell with that id, or None when the notebook has no such code cell."""
        return next((cell for cell in self.cells if cell.id == cell_id), None)


@dataclass(frozen=True)
class Execution:
    """How one submission went: its notebooks in order, what it tried that it must not (`flags`).

    seconds: wall time in all; peak_bytes: highest resident memory of all its processes together.
    """

    status: Status
    reason: str
    notebooks: tuple[NotebookRun, ...] = ()
    flags: tuple[str, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0

    def notebook(self, name: str) -> NotebookRun | None:
        """The run of the notebook with that name (`01_ingest`), or None."""
        return next((run for run in self.notebooks if run.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, fit for JSON; `from_dict` makes the same Execution of it again."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The Execution that `to_dict` wrote (read back from JSON or not)."""
        notebooks = tuple(_notebook_run(entry) for entry in data["notebooks"])
        rest = {"status": Status(data["status"]), "flags": tuple(data["flags"])}
        return cls(**{**data, **rest, "notebooks": notebooks})


def _notebook_run(data: dict[str, Any]) -> NotebookRun:
    cells = tuple(CellRun(**{**cell, "status": Status(cell["status"])}) for cell in data["cells"])
    return NotebookRun(**{**data, "status": Status(data["status"]), "cells": cells})
