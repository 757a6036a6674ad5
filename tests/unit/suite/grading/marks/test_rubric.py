"""The rubric: what may stand in it, and what its errors say."""

from pathlib import Path

import pytest
import yaml

from helpers.core.errors import UsageError
from helpers.suite.grading.confinement.limits import Limits
from helpers.suite.grading.marks.rubric import read_rubric
from tests.unit.suite.grading.small_class import RUBRIC


def written(folder: Path, **changes) -> Path:
    """The small class's rubric with top-level values, or those of its check `mean`, changed."""
    values = yaml.safe_load(RUBRIC)
    of_check = changes.pop("check", {})
    values |= changes
    values["checks"][2] |= of_check
    path = folder / "rubric.yml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


def test_a_rubric_knows_its_notebooks_and_points(tmp_path: Path) -> None:
    rubric = read_rubric(written(tmp_path))
    assert rubric.notebooks == ["01_count"]
    assert rubric.max_score == 10
    assert rubric.due is None


def test_a_deadline_has_a_time_zone(tmp_path: Path) -> None:
    zone = read_rubric(
        written(tmp_path, deadline="2026-10-01 23:59", time_zone="Europe/Berlin")
    ).due
    offset = read_rubric(written(tmp_path, deadline="2026-10-01T23:59:00+02:00")).due
    assert zone == offset
    assert zone.utcoffset().total_seconds() == 7200


def test_limits_are_those_of_one_submission(tmp_path: Path) -> None:
    rubric = read_rubric(written(tmp_path, limits={"cell_seconds": 9, "processes": 5}))
    assert rubric.limits_of_one == Limits(cell_seconds=9, processes=5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"check": {"points": -1}}, ["'mean'", "points", "greater than 0"]),
        ({"check": {"points": "many"}}, ["'mean'", "points", "number", "'many'"]),
        ({"check": {"kind": "valu"}}, ["'mean'", "did you mean 'value'"]),
        ({"check": {"kind": None}}, ["'mean'", "hidden, floor, value, text"]),
        ({"check": {"tolerance": 1}}, ["'mean'", "tolerance", "absolute"]),
        ({"check": {"value": 3}}, ["'mean'", "either value", "or reference"]),
        ({"check": {"id": "total"}}, ["'total' stands twice", "an id of its own"]),
        ({"check": {"id": None}}, ["check 3", "no id"]),
        ({"check": {"absolute": float("nan")}}, ["'mean'", "absolute"]),
        ({"checks": "all"}, ["checks"]),
        ({"checks": ["all"]}, ["check 1"]),
        ({"deadline": "2026-10-01 23:59"}, ["no time zone", "Europe/Berlin"]),
        ({"deadline": "2026-10-01 23:59", "time_zone": "Mars/Base"}, ["Mars/Base", "UTC"]),
        ({"deadline": "soon", "time_zone": "UTC"}, ["deadline", "'soon'"]),
        ({"late": {"percent": 3}}, ["late.percent"]),
        ({"late": {"percent_per_day": 120}}, ["percent_per_day", "100"]),
        ({"limits": {"cell_second": 3}}, ["did you mean 'cell_seconds'"]),
        ({"limits": {"cell_seconds": 0}}, ["limits", "greater than 0"]),
        ({"version": 2}, ["version"]),
        ({"pionts": 2}, ["pionts"]),
    ],
)
def test_an_error_names_file_check_and_remedy(tmp_path: Path, changes, words) -> None:
    values = yaml.safe_load(RUBRIC)
    values["checks"] = changes.get("checks", values["checks"])
    if "checks" in changes:
        path = tmp_path / "rubric.yml"
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
    else:
        path = written(tmp_path, **changes)
    with pytest.raises(UsageError) as caught:
        read_rubric(path)
    sentence = str(caught.value)
    assert sentence.startswith("rubric.yml: ")
    assert "\n" not in sentence
    assert all(word in sentence for word in words), sentence


def test_a_floor_and_its_aim_differ(tmp_path: Path) -> None:
    text = RUBRIC.replace("full: 0.9", "full: 0.5")
    path = tmp_path / "rubric.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"'share'.*both 0\.5"):
        read_rubric(path)


def test_a_missing_field_says_which_line_to_add(tmp_path: Path) -> None:
    path = tmp_path / "rubric.yml"
    path.write_text(RUBRIC.replace(", test: test_total", ""), encoding="utf-8")
    with pytest.raises(UsageError, match="'total': test: is missing; add a line 'test:'"):
        read_rubric(path)


def test_the_sample_in_the_module_is_valid(tmp_path: Path) -> None:
    from helpers.suite.grading.marks import rubric

    path = tmp_path / "rubric.yml"
    path.write_text(rubric.__doc__.split("\n\n", 1)[1], encoding="utf-8")
    assert len(read_rubric(path).checks) == 5
