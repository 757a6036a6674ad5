"""An outcome says what happened in words, and survives a JSON file."""

import json

import pytest

from helpers.suite.grading.confinement.outcome import CellRun, Execution, NotebookRun, Status

CELLS = (
    CellRun("01-aa", Status.PASSED, 0.2),
    CellRun("01-ab", Status.RAISED, 1.5, "ValueError", "shapes do not match"),
)
EXECUTION = Execution(
    Status.RAISED,
    "01_ingest, cell 01-ab: ValueError: shapes do not match",
    (NotebookRun("01_ingest", Status.RAISED, "ValueError", CELLS, 2.0),),
    ("opened rubric.yml",),
    2.5,
    3_000_000,
)


@pytest.mark.parametrize("status", Status)
def test_every_status_has_one_plain_sentence(status: Status) -> None:
    assert status.sentence.endswith(".")
    assert status.sentence.count(". ") == 0


def test_an_execution_is_the_same_after_json() -> None:
    assert Execution.from_dict(json.loads(json.dumps(EXECUTION.to_dict()))) == EXECUTION


def test_statuses_are_written_as_their_words() -> None:
    assert json.loads(json.dumps(EXECUTION.to_dict()))["status"] == "raised"


def test_notebooks_and_cells_are_found_by_name() -> None:
    run = EXECUTION.notebook("01_ingest")
    assert run is not None
    assert run.cell("01-ab") == CELLS[1]
    assert run.cell("01-zz") is None
    assert EXECUTION.notebook("02_visualize") is None


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(ValueError, match="went_well"):
        Execution.from_dict(EXECUTION.to_dict() | {"status": "went_well"})
