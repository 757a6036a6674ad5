"""Papermill's notebook client in confinement: what happened cell by cell, an end to all output."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from helpers.suite.grading.confinement.limits import Limits
from helpers.suite.grading.confinement.manager import ConfinedKernelManager
from helpers.suite.grading.confinement.outcome import CellRun, Status
from helpers.suite.grading.confinement.verdicts import status_of_end, status_of_error, words_of_end
from helpers.suite.grading.confinement.watch import Watch

ENGINE = "confined"
_START_SECONDS = 90
# After these the kernel may still live, but nothing can be made of it.
_LASTING = (Status.CELL_TIMEOUT, Status.KERNEL_KILLED, Status.TOO_MUCH_OUTPUT)
_MOST_LETTERS = 2000
_OUTPUT_SECONDS = 10  # from a cell's end to its last output
# What every message counts for at least, however little it shows.
_MESSAGE_BYTES = 200
# Half characters (lone surrogates), which no file can hold, become `?`.
_HALVES = {"encoding": "utf-8", "errors": "replace"}


class ConfinedClient(PapermillNotebookClient):
    """Runs the cells in a confined kernel, goes on after an error, and fills `runs`."""

    def __init__(
        self,
        nb_man: Any,
        km: ConfinedKernelManager,
        watch: Watch,
        limits: Limits,
        runs: list[CellRun],
    ):
        super().__init__(
            nb_man,
            km=km,
            iopub_timeout=_OUTPUT_SECONDS,
            timeout=limits.cell_seconds,
            startup_timeout=_START_SECONDS,
            shutdown_kernel="immediate",
            store_widget_state=False,
            record_timing=False,
            skip_cells_with_tag="",  # a tag of the student's leaves out no cell
            force_raise_errors=True,  # nor hides an error
        )
        self._manager, self._watch, self._limits, self._runs = km, watch, limits, runs
        self._shown = 0
        self._exit_asked = False
        self.on_cell_executed = self._look_at_reply

    def execute(self, **settings: Any) -> NotebookNode:
        """Run all cells; whatever the kernel does ends in `runs`, never in an exception.

        Raises SuiteError when the kernel was not started because a wall did not hold.
        """
        self.reset_execution_trackers()
        try:
            with self.setup_kernel(cleanup_kc=True, **settings):
                self.papermill_execute_cells()
        except Exception:  # of a kernel that dies or talks nonsense; `runs` says what came of it
            self._manager.exit_code()
        return self.nb

    def papermill_execute_cells(self) -> None:
        """Run the cells in order until one of them ends the notebook."""
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            ended = cell.cell_type == "code" and self._run_cell(cell, index)
            self.nb_man.cell_complete(cell, cell_index=index)
            if ended:
                break

    def _run_cell(self, cell: NotebookNode, index: int) -> bool:
        """Run one cell and note how it went; True when nothing can run after it."""
        started = time.monotonic()
        run = self._outcome(cell, index)
        run = replace(run, seconds=round(time.monotonic() - started, 3))
        end = self._reason_to_end()
        if end and run.status in (Status.PASSED, Status.KERNEL_KILLED):
            run = replace(run, status=end, error_text=self._last_words(end))
        if run.status is not Status.PASSED:
            self.nb_man.cell_exception(cell, cell_index=index)
        self._runs.append(run)
        return bool(end) or run.status in _LASTING

    def _outcome(self, cell: NotebookNode, index: int) -> CellRun:
        """What the conversation with the kernel tells of one cell."""
        try:
            self.execute_cell(cell, index)
        except CellExecutionError as error:
            return _raised(cell, error)
        except CellTimeoutError as error:
            # A message that is far too large is never delivered, and waited for in vain.
            lost = "IOPub" in str(error)
            return CellRun(_name(cell), Status.TOO_MUCH_OUTPUT if lost else Status.CELL_TIMEOUT)
        except Exception:  # dead, or it answers with something that is no message
            words = "its answers made no sense"
            return CellRun(_name(cell), Status.KERNEL_KILLED, error_text=words)
        return CellRun(_name(cell), Status.PASSED)

    def _reason_to_end(self) -> Status | None:
        """Why no further cell can run: the watch's verdict, exit(), or the kernel's own end."""
        if self._watch.verdict or self._exit_asked:
            return self._watch.verdict or Status.SYS_EXIT
        code = self._manager.exit_code()
        if code is None:
            return None
        return status_of_end(code, self._watch.peak_bytes, self._limits)

    def _last_words(self, end: Status) -> str:
        by_itself = end in (Status.HARD_EXIT, Status.KERNEL_KILLED)
        return words_of_end(self._manager.exit_code()) if by_itself else ""

    def _look_at_reply(self, cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
        """`exit()` tells the notebook's program to leave, and the cell itself ends well."""
        payload = execute_reply["content"].get("payload") or []
        self._exit_asked = any(part.get("source") == "ask_exit" for part in payload)

    def process_message(self, msg: dict, cell: NotebookNode, cell_index: int) -> Any:
        """Take in one message of the kernel; none that shows anything once there is too much."""
        if msg["msg_type"] != "status":
            if self._shown > self._limits.output_bytes:
                return None
            data = json.dumps(msg["content"], ensure_ascii=False, default=str).encode(**_HALVES)
            self._shown += _MESSAGE_BYTES + len(data)
            if self._shown > self._limits.output_bytes:
                self._watch.stop(Status.TOO_MUCH_OUTPUT)
                return None
            msg["content"] = json.loads(data)
        return super().process_message(msg, cell, cell_index)


class ConfinedEngine(NBClientEngine):
    """Papermill's engine with our client; papermill itself stays in charge of the notebook."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, start: Callable[..., ConfinedClient], **_: Any
    ) -> NotebookNode:
        """Run the notebook with the client that `start(nb_man)` makes."""
        return start(nb_man).execute()


papermill_engines.register(ENGINE, ConfinedEngine)


def _name(cell: NotebookNode) -> str:
    """The cell's id; papermill's own cell, which has none of ours, by its tag."""
    injected = "injected-parameters" in cell.metadata.get("tags", [])
    return "injected-parameters" if injected else str(cell.get("id", ""))


def _raised(cell: NotebookNode, error: CellExecutionError) -> CellRun:
    """The run of a cell that stopped with an error."""
    name, text = _clean(error.ename)[:_MOST_LETTERS], _clean(error.evalue)[:_MOST_LETTERS]
    check = "check" in cell.metadata.get("tags", [])
    status = status_of_error(name, text, check=check)
    return CellRun(_name(cell), status, error_name=name, error_text=text)


def _clean(text: object) -> str:
    return str(text).encode(**_HALVES).decode()
