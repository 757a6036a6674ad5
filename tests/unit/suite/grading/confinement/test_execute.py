"""A submission is told by what happened cell by cell, and nothing of it outlives the run."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest

from helpers.suite.grading.confinement.execute import execute_submission
from helpers.suite.grading.confinement.limits import Limits
from helpers.suite.grading.confinement.outcome import Execution, Status
from tests.submissions.hostile import AFTER, EATERS, ENDINGS, TIGHT, UNFIT, notebook, write

LIGHT = ("eats memory in a child", "writes files and deletes their names", "fork bomb")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Execution]:
    """Runs cells as one notebook: `run("1 + 1", limits=..., walls=...)`."""

    def run(*codes: str, limits: Limits = TIGHT, **options: object) -> Execution:
        path = write(tmp_path / "01_ingest.ipynb", *codes)
        parameters = {"student": "anna", "seed": 5}
        return execute_submission([path], tmp_path / "desk", limits, parameters, [], **options)

    return run


@pytest.mark.parametrize("name", ENDINGS)
def test_each_ending_is_told_apart(name: str, run: Callable[..., Execution]) -> None:
    _check(ENDINGS[name], run(ENDINGS[name].code, AFTER))


@pytest.mark.parametrize(
    "name",
    [name if name in LIGHT else pytest.param(name, marks=pytest.mark.prove) for name in EATERS],
)
def test_what_eats_the_machine_is_ended(name: str, run: Callable[..., Execution]) -> None:
    _check(EATERS[name], run(EATERS[name].code, AFTER))


def _check(case, execution: Execution) -> None:
    (one,) = execution.notebooks
    first, second = one.cell("01-00"), one.cell("01-01")
    assert (execution.status, first.status) == (case.status, case.status), execution.reason
    assert second.status is (Status.PASSED if case.goes_on else Status.NOT_RUN)
    assert execution.status is Status.PASSED or "01-00" in execution.reason


def test_a_cell_that_takes_too_long_ends_its_notebook_but_not_the_next(tmp_path: Path) -> None:
    slow = write(tmp_path / "01_ingest.ipynb", "import time; time.sleep(60)", AFTER)
    good = write(tmp_path / "02_visualize.ipynb", AFTER)
    limits = Limits(cell_seconds=1, total_seconds=60)
    execution = execute_submission([slow, good], tmp_path / "desk", limits, {}, [])
    assert [one.status for one in execution.notebooks] == [Status.CELL_TIMEOUT, Status.PASSED]
    assert execution.status is Status.CELL_TIMEOUT
    assert "01_ingest: Cell 01-00" in execution.reason
    assert "1 s" in execution.reason


def test_many_slow_cells_are_a_total_timeout_and_end_everything(tmp_path: Path) -> None:
    cells = ["import time; time.sleep(0.5)"] * 20
    names = [write(tmp_path / f"0{number}_x.ipynb", *cells) for number in (1, 2)]
    limits = Limits(cell_seconds=5, total_seconds=4)
    execution = execute_submission(names, tmp_path / "desk", limits, {}, [])
    assert [one.status for one in execution.notebooks] == [Status.TOTAL_TIMEOUT, Status.NOT_RUN]
    assert execution.seconds < 9


@pytest.mark.parametrize("name", UNFIT)
def test_an_unfit_file_is_a_status_and_the_next_notebook_runs(name: str, tmp_path: Path) -> None:
    data, status = UNFIT[name]
    (tmp_path / "01_ingest.ipynb").write_bytes(data)
    paths = [tmp_path / "01_ingest.ipynb"]
    execution = execute_submission(paths, tmp_path / "desk", TIGHT, {}, [])
    assert execution.status is status
    assert execution.notebooks[0].reason.endswith(".")


def test_nothing_submitted_is_said(tmp_path: Path) -> None:
    execution = execute_submission([], tmp_path / "desk", TIGHT, {}, [])
    assert execution.status is Status.NOTHING_SUBMITTED


def test_an_unfit_notebook_does_not_keep_the_next_from_running(tmp_path: Path) -> None:
    empty = tmp_path / "01_ingest.ipynb"
    empty.touch()
    good = write(tmp_path / "02_visualize.ipynb", AFTER)
    execution = execute_submission([empty, good], tmp_path / "desk", TIGHT, {}, [])
    statuses = [one.status for one in execution.notebooks]
    assert statuses == [Status.UNREADABLE_NOTEBOOK, Status.PASSED]


def test_parameters_are_put_in_and_the_executed_copy_is_kept(
    run: Callable[..., Execution], tmp_path: Path
) -> None:
    execution = run("print(student, seed)", "1 / 0", "print('further')")
    made = nbformat.read(tmp_path / "desk" / "executed" / "01_ingest.ipynb", as_version=4)
    texts = {cell.id: cell.outputs for cell in made.cells if cell.get("outputs")}
    assert texts["01-00"][0].text == "anna 5\n"
    assert texts["01-01"][0].ename == "ZeroDivisionError"
    assert texts["01-02"][0].text == "further\n"
    raised = execution.notebooks[0].cell("01-01")
    assert (raised.error_name, raised.error_text) == ("ZeroDivisionError", "division by zero")


def test_a_failed_self_check_is_not_an_error_of_the_code(tmp_path: Path) -> None:
    made = notebook("assert 1 == 2, 'one is not two'")
    made.cells[1].metadata["tags"] = ["check"]
    path = tmp_path / "01_ingest.ipynb"
    path.write_text(json.dumps(made))
    execution = execute_submission([path], tmp_path / "desk", TIGHT, {}, [])
    assert execution.status is Status.FAILED_CHECK
    assert "one is not two" in execution.reason


def test_tags_of_a_student_hide_no_error(tmp_path: Path) -> None:
    made = notebook("1 / 0", "1 / 0")
    made.cells[1].metadata["tags"] = ["raises-exception"]
    made.cells[2].metadata["tags"] = ["skip-execution"]
    path = tmp_path / "01_ingest.ipynb"
    path.write_text(json.dumps(made))
    execution = execute_submission([path], tmp_path / "desk", TIGHT, {}, [])
    statuses = [cell.status for cell in execution.notebooks[0].cells[1:]]
    assert statuses == [Status.RAISED, Status.RAISED]


def test_a_process_left_behind_ends_with_the_submission(run: Callable[..., Execution]) -> None:
    execution = run(
        "import subprocess\nsubprocess.Popen(['setsid', 'sh', '-c', 'sleep 61.25 & sleep 61.25'])",
    )
    assert execution.status is Status.PASSED
    assert not _running("61.25")


def test_a_grader_that_is_killed_takes_the_submission_with_it(tmp_path: Path) -> None:
    path = write(tmp_path / "01_ingest.ipynb", "import os; os.system('sleep 62.25')")
    grader = os.fork()
    if grader == 0:
        execute_submission([path], tmp_path / "desk", TIGHT, {}, [])
        os._exit(0)
    _wait_until(lambda: _running("62.25"))
    os.kill(grader, 9)
    os.waitpid(grader, 0)
    _wait_until(lambda: not _running("62.25"))


def test_plain_answers_are_handed_in_and_nothing_else(
    run: Callable[..., Execution], tmp_path: Path
) -> None:
    (tmp_path / "secret.json").write_text('"hidden"')
    secret = str(tmp_path / "secret.json")
    run(
        "import json, os\nfolder = os.environ['CXR_ANSWERS']\nos.chdir(folder)\n"
        "json.dump([1, 2], open('01_count.json', 'w'))\n"
        f"os.symlink({secret!r}, '01_link.json')\nos.mkfifo('01_pipe.json')\n"
        "os.mkdir('01_folder.json')\nopen('01_twice.csv', 'w').write('1')\n"
        "os.link('01_twice.csv', '01_thrice.csv')\n"
        "open('notes.txt', 'w').write('x')\nopen('.hidden.json', 'w').write('1')",
    )
    handed_in = tmp_path / "desk" / "handed_in"
    assert [path.name for path in handed_in.iterdir()] == ["01_count.json"]
    assert json.loads((handed_in / "01_count.json").read_text()) == [1, 2]


def test_the_grader_itself_takes_less_than_a_second(tmp_path: Path) -> None:
    """What is not spent in cells: the jail, the kernel's start, papermill, the end."""
    path = write(tmp_path / "01_ingest.ipynb", AFTER)
    spans = []
    for number in range(3):
        started = time.process_time()
        execution = execute_submission([path], tmp_path / f"desk{number}", TIGHT, {}, [])
        spans.append(time.process_time() - started)
        assert execution.status is Status.PASSED
    assert min(spans) < 1.0


def _running(word: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if word in " ".join(process.info["cmdline"] or []) and process.status() != "zombie":
            found.append(process)
    return found


def _wait_until(true: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
