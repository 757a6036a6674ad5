"""The rubric names what there is, and every task is worth points."""

import pytest

from helpers.core.errors import UsageError
from helpers.suite.exercises.consistency import check_rubric, rubric_faults, tasks_of
from helpers.suite.exercises.sources import RUBRIC, SOURCE, source_notebooks
from helpers.suite.grading.marks.rubric import read_rubric

HEAD = "version: 1\nchecks:\n  - {id: c, notebook: 01_ingest, title: T, points: 1, "


def test_the_rubric_fits_the_exercises() -> None:
    assert list(rubric_faults(RUBRIC, SOURCE)) == []


def test_every_task_is_worth_points_and_every_notebook_ten() -> None:
    checks = read_rubric(RUBRIC).checks
    for path in source_notebooks():
        of_it = [check for check in checks if check.notebook == path.stem]
        assert {check.task for check in of_it} == set(tasks_of(path))
        assert sum(check.points for check in of_it) == 10


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        ("kind: cell, cell: 01-none}", "has no cell '01-none'"),
        ("kind: text, cell: 02-00}", "has no cell '02-00'"),
        ("kind: hidden, test: test_none}", "has no function 'test_none'"),
        ("kind: value, answer: 01_none, value: 3}", "has no answer '01_none'"),
        ("kind: value, answer: 01_lateral, reference: none}", "has no function 'reference_none'"),
        ("kind: floor, answer: 01_none, floor: 0, full: 1}", "has no answer '01_none'"),
        ("kind: cell, cell: 01-00, task: 02_mark}", "has no task '02_mark'"),
    ],
)
def test_a_check_of_what_is_not_there_is_named(tmp_path, check, fault) -> None:
    (tmp_path / "rubric.yml").write_text(f"{HEAD}{check}\n")
    with pytest.raises(UsageError, match=r"rubric\.yml: check 'c': 01_ingest has no"):
        check_rubric(tmp_path / "rubric.yml", SOURCE)
    assert fault in next(rubric_faults(tmp_path / "rubric.yml", SOURCE))
