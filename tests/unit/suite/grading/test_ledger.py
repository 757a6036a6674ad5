"""The ledger: whole marks on disk, overrides that outlive them, copies of what was handed in."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.core.errors import SuiteError, UsageError
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.ledger import Ledger
from helpers.suite.grading.marks.mark import CheckResult, Mark, shown, total


def mark(student: str = "ann", score: float = 6.5) -> Mark:
    checks = (CheckResult("a", "01_x", "A", 10, score, "not all of it"),)
    return Mark(
        student, Status.FAILED_CHECK, score, 10, "1 of 1 checks lost points.", checks=checks
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "out").open() as opened:
        yield opened


def test_a_mark_comes_back_as_it_was(ledger: Ledger) -> None:
    ledger.write(mark(), "print", "submission")
    assert ledger.mark("ann") == mark()
    assert ledger.entry("ann")["fingerprint"] == "print"
    assert ledger.students() == ["ann"]
    assert ledger.mark("bob") is None


def test_each_grading_is_a_line(ledger: Ledger) -> None:
    ledger.write(mark(), "1", "s")
    ledger.write(mark(score=7), "2", "s")
    lines = (ledger.folder / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["score"] for line in lines] == [6.5, 7]


def test_an_override_survives_regrading_and_keeps_what_was(ledger: Ledger) -> None:
    ledger.write(mark(), "1", "s")
    ledger.override("ann", 9, "the grader was too strict")
    ledger.write(mark(score=2), "2", "s")
    found = ledger.mark("ann")
    assert found.score == 9
    assert found.reason.startswith(
        "Set by hand to 9: the grader was too strict (was 2, failed_check"
    )
    ledger.override("ann", None, "")
    assert ledger.mark("ann").score == 2


def test_an_override_needs_its_reason(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="needs --comment"):
        ledger.override("ann", 9, "  ")


def test_a_damaged_mark_is_graded_again_and_damaged_overrides_are_not_lost(ledger: Ledger) -> None:
    ledger.write(mark(), "1", "s")
    (ledger.place("ann") / "mark.json").write_text("{half")
    assert ledger.entry("ann") == {}
    (ledger.folder / "overrides.json").write_text("{half")
    with pytest.raises(SuiteError, match="mend it or delete it"):
        ledger.overrides()


def test_the_folder_is_closed_to_other_users(ledger: Ledger) -> None:
    assert stat.S_IMODE(ledger.folder.stat().st_mode) == 0o700


def test_a_folder_that_was_there_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o755)
    with Ledger(tmp_path / "out").open():
        assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o755


def test_two_graders_do_not_work_in_one_folder(ledger: Ledger) -> None:
    with pytest.raises(SuiteError, match="Another grader"), Ledger(ledger.folder).open():
        pass


def test_what_a_killed_grader_left_is_swept_up(tmp_path: Path) -> None:
    with Ledger(tmp_path / "out").open() as ledger, Ledger(tmp_path / "other").open() as other:
        left, strangers = ledger.scratch("desk"), other.scratch("desk")
    with Ledger(tmp_path / "out").open():
        assert not left.exists()
        assert strangers.exists()
    strangers.rmdir()


def test_what_was_handed_in_is_kept(ledger: Ledger, tmp_path: Path) -> None:
    source = tmp_path / "01.ipynb"
    source.write_text("first")
    ledger.store_submission("ann", {"01_x": source})
    source.write_text("second")
    assert (ledger.place("ann") / "submitted" / "01_x.ipynb").read_text() == "first"


def test_names_from_outside_are_no_paths(ledger: Ledger) -> None:
    ledger.write(mark("../../evil"), "1", "s")
    assert ledger.mark("../../evil").student == "../../evil"
    folders = [path.name for path in (ledger.folder / "students").iterdir()]
    assert len(folders) == 1 and ".." not in folders[0]


def test_a_name_that_is_no_unicode_comes_back(ledger: Ledger) -> None:
    ledger.write(mark("a\ud800b"), "1", "s")
    assert ledger.mark("a\ud800b").student == "a\ud800b"
    assert ledger.students() == ["a\ud800b"]


def test_points_lost_always_have_a_reason() -> None:
    with pytest.raises(ValueError, match="without a reason"):
        CheckResult("a", "01_x", "A", 2, 1)
    with pytest.raises(ValueError, match="3 of 2 points"):
        CheckResult("a", "01_x", "A", 2, 3, "too much")


def test_points_are_written_as_people_do() -> None:
    assert [shown(value) for value in (7, 7.5, 7.25, 1 / 3, 0.0, -0.0, 10)] == (
        ["7", "7.5", "7.25", "0.33", "0", "0", "10"]
    )
    thirds = tuple(CheckResult(str(n), "01_x", "A", 1, 1 / 3, "part") for n in range(3))
    assert total(thirds) == 1
