"""`cxr grade` on a small class: marks, resuming, regrading, overriding, being killed."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers.core.errors import UsageError
from helpers.data import storage
from helpers.suite.grading.batch import grade_class, set_by_hand
from helpers.suite.grading.results.handback import hand_back
from helpers.suite.grading.results.publish import publish_executed
from helpers.suite.grading.submissions.roster import read_roster
from tests.conftest import PROJECT
from tests.dask_cluster import started
from tests.unit.suite.grading.small_class import hand_in, handed_out, solved, write_class

pytestmark = pytest.mark.skipif(os.name != "posix", reason="submissions run on POSIX only")
ROSTER = "student,name,email\nann,Ann Lee,a@x.org\nbob,Bob Roe,b@x.org\ncid,=Cid,c@x.org\n"


@dataclass(frozen=True)
class Folders:
    """Where one class lies."""

    root: Path
    rubric: Path

    @property
    def submissions(self) -> Path:
        return self.root / "in"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def words(self, *more: str) -> list[str]:
        """The command line that grades it."""
        words = ["grade", str(self.submissions), "--rubric", str(self.rubric)]
        words += ["--out", str(self.out), "--roster", str(self.root / "roster.csv")]
        return [*words, "--jobs", "2", *more]

    def rows(self) -> dict[str, dict[str, str]]:
        """The gradebook by student."""
        with (self.out / "gradebook.csv").open(encoding="utf-8", newline="") as file:
            return {row["student"]: row for row in csv.DictReader(file)}

    def mark(self, student: str) -> dict:
        path = self.out / "students" / student / "mark.json"
        return json.loads(path.read_text(encoding="utf-8"))["mark"]

    def grade(self, **options) -> dict[str, str]:
        """Grade from this process, one at a time, and write all files; student -> how it went."""
        told: dict[str, str] = {}
        options = {
            "jobs": 1,
            "report": lambda one: told.update({one.student: one.status}),
        } | options
        whole = grade_class(
            self.submissions,
            self.rubric,
            self.out,
            roster=read_roster(self.root / "roster.csv"),
            **options,
        )
        hand_back(whole, self.out)
        return told

    def override(self, words: str, comment: str = "") -> None:
        set_by_hand(self.out, self.rubric, words, comment)


def make_class(root: Path) -> Folders:
    folders = Folders(root, write_class(root))
    (root / "roster.csv").write_text(ROSTER, encoding="utf-8")
    hand_in(folders.submissions, "ann", solved(folders.rubric, "ann"))
    half = solved(folders.rubric, "bob", total="total = sum(numbers) + 1", words="1 / 0")
    hand_in(folders.submissions, "bob", half)
    return folders


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, cxr: Callable) -> Iterator[Folders]:
    folders = make_class(tmp_path_factory.mktemp("class"))
    archive = folders.submissions / "zoe.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a/01_count.ipynb", json.dumps(handed_out(folders.rubric, "ann")))
    result = cxr(*folders.words())
    assert result.returncode == 0, result.stdout + result.stderr
    yield folders


def test_everyone_has_a_row_with_status_score_and_reason(graded: Folders) -> None:
    rows = graded.rows()
    assert list(rows) == ["ann", "bob", "cid", "zoe"]
    facts = {name: (row["status"], row["score"], row["attempt"]) for name, row in rows.items()}
    assert facts == {
        "ann": ("passed", "10", "1"),
        "bob": ("raised", "4.5", "1"),
        "cid": ("nothing_submitted", "0", "0"),
        "zoe": ("failed_check", "1", "1"),
    }
    assert all(row["max_score"] == "10" and row["reason"] for row in rows.values())
    assert "ZeroDivisionError" in rows["bob"]["reason"]


def test_partial_credit_and_reason_come_together(graded: Folders) -> None:
    checks = {check["id"]: check for check in graded.mark("bob")["checks"]}
    assert (checks["total"]["earned"], checks["total"]["reason"]) == (
        1.5,
        "the total is one too high.",
    )
    assert checks["runs"]["earned"] == 1 and checks["runs"]["reason"] == ""
    assert checks["share"]["earned"] == 2
    assert all(check["reason"] for check in checks.values() if check["earned"] < check["points"])


def test_everything_that_goes_back_is_there(graded: Folders) -> None:
    names = {path.name for path in graded.out.iterdir()}
    assert names >= {"gradebook.csv", "canvas.csv", "moodle.csv", "index.html", "feedback"}
    assert len(list((graded.out / "feedback").glob("*.html"))) == 4
    page = (graded.out / "feedback" / "bob.html").read_text(encoding="utf-8")
    assert "Bob Roe" in page and "the total is one too high." in page and "1 / 0" in page
    assert "zoe" not in (graded.out / "moodle.csv").read_text(encoding="utf-8")
    assert "'=Cid" in (graded.out / "canvas.csv").read_text(encoding="utf-8")
    assert "limits for time" in (graded.out / "index.html").read_text(encoding="utf-8")


def test_the_executed_notebook_holds_no_solution_of_ours(graded: Folders) -> None:
    executed = graded.out / "students" / "zoe" / "executed" / "01_count.ipynb"
    assert "sum(numbers)" not in executed.read_text(encoding="utf-8")


def test_the_same_command_again_grades_nobody(graded: Folders) -> None:
    before = graded.rows()
    lines = _lines(graded.out / "ledger.jsonl")
    assert set(graded.grade().values()) == {"unchanged"}
    assert graded.rows() == before
    assert _lines(graded.out / "ledger.jsonl") == lines


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return make_class(tmp_path)


def test_what_changed_is_graded_again_and_counts_as_an_attempt(folders: Folders) -> None:
    folders.grade()
    hand_in(folders.submissions, "bob", solved(folders.rubric, "bob"))
    assert folders.grade() == {"ann": "unchanged", "bob": "graded", "cid": "unchanged"}
    bob = folders.rows()["bob"]
    assert (bob["status"], bob["score"], bob["attempt"]) == ("passed", "10", "2")
    # More points for one check in the rubric: everybody is graded again, nobody has tried again.
    folders.rubric.write_text(folders.rubric.read_text().replace("points: 3", "points: 4"))
    assert set(folders.grade().values()) == {"graded"}
    assert (folders.rows()["bob"]["score"], folders.rows()["bob"]["attempt"]) == ("11", "2")


def test_one_is_regraded_and_a_score_set_by_hand_stays(folders: Folders) -> None:
    folders.grade()
    reason = "the error was mine; see the forum"
    folders.override("bob=8", reason)
    assert folders.grade(only="bob") == {"bob": "graded"}
    bob = folders.rows()["bob"]
    assert bob["score"] == "8" and reason in bob["reason"] and "was 4.5, raised" in bob["reason"]
    assert folders.rows()["ann"]["score"] == "10"
    folders.override("bob=")
    folders.grade()
    assert folders.rows()["bob"]["score"] == "4.5"


def test_lateness_comes_off_the_whole_and_says_so(folders: Folders) -> None:
    deadline = "deadline: 2026-10-01 12:00\ntime_zone: UTC\nlate: {percent_per_day: 10}\nchecks:"
    folders.rubric.write_text(folders.rubric.read_text().replace("checks:", deadline))
    roster = "student,submitted\nann,2026-10-02T13:00+01:00\nbob,2026-10-01T12:59+01:00\n"
    (folders.root / "roster.csv").write_text(roster)
    folders.grade(only="ann")
    ann = folders.rows()["ann"]
    assert (ann["status"], ann["score"]) == ("passed", "9")
    assert "one day begun late: 10 % of the score is taken off." in ann["reason"]
    page = (folders.out / "feedback" / "ann.html").read_text(encoding="utf-8")
    assert "Before that it was 10." in page


@pytest.mark.parametrize(
    ("words", "comment", "sentence"),
    [
        ("bob=8", "", "needs --comment"),
        ("bob=80", "x", "a score is from 0 to 10"),
        ("bob=nan", "x", "a score is from 0 to 10"),
        ("bop=8", "x", "did you mean 'bob'"),
        ("bob", "x", "expected STUDENT=SCORE"),
    ],
)
def test_an_override_that_cannot_be_is_one_sentence(
    graded: Folders, words: str, comment: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        graded.override(words, comment)
    assert graded.rows()["bob"]["score"] == "4.5"


def test_a_wrong_name_or_place_is_one_sentence(graded: Folders, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'ann'"):
        graded.grade(only="anm")
    alone = tmp_path / "rubric.yml"
    alone.write_text(graded.rubric.read_text())
    with pytest.raises(UsageError, match=r"no notebook 01_count\.ipynb beside the rubric"):
        grade_class(graded.submissions, alone, tmp_path / "out")
    with pytest.raises(UsageError, match="no such folder or zip"):
        grade_class(tmp_path / "nowhere", graded.rubric, tmp_path / "out")
    with pytest.raises(UsageError, match="keep them apart"):
        grade_class(graded.submissions, graded.rubric, graded.submissions / "marks")


def test_a_broken_hidden_test_fails_the_grader_not_the_students(folders: Folders) -> None:
    hidden = folders.rubric.parent / "hidden" / "test_01_count.py"
    good = hidden.read_text()
    hidden.write_text("def broken(:\n")
    assert folders.grade() == {"ann": "failed", "bob": "failed", "cid": "graded"}
    assert folders.rows()["ann"]["status"] == "not_run"
    hidden.write_text(good)
    assert folders.grade() == {"ann": "graded", "bob": "graded", "cid": "graded"}
    assert folders.rows()["ann"]["status"] == "passed"


def test_a_killed_grader_loses_nothing(folders: Folders) -> None:
    for number in range(6):
        hand_in(folders.submissions, f"more{number}", solved(folders.rubric, "ann"))
    command = [sys.executable, "-m", "helpers", *folders.words("--jobs", "1")]
    grader = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.DEVNULL, start_new_session=True
    )
    ledger = folders.out / "ledger.jsonl"
    until = time.monotonic() + 120
    while time.monotonic() < until and len(_lines(ledger)) < 2:
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(grader.pid, signal.SIGKILL)
    grader.wait()
    done = {json.loads(line)["student"] for line in _lines(ledger)}
    assert 2 <= len(done) < 9
    assert set(folders.grade().values()) == {"graded", "unchanged"}
    again = [json.loads(line)["student"] for line in _lines(ledger)]
    assert sorted(again) == sorted({"ann", "bob", "cid", *(f"more{n}" for n in range(6))})
    assert {name for name, row in folders.rows().items() if row["status"] == "not_run"} == set()


@pytest.mark.prove
def test_a_cluster_gives_the_same_marks_though_a_worker_is_killed(
    folders: Folders, tmp_path: Path
) -> None:
    more = [f"more{number}" for number in range(6)]
    for student in more:
        hand_in(folders.submissions, student, solved(folders.rubric, "ann"))
    (tmp_path / "cluster").mkdir()
    with started(tmp_path / "cluster", 2) as cluster:
        told: dict[str, str] = {}

        def note(one) -> None:
            told[one.student] = one.status
            if len(told) == 2:
                cluster.workers[0].kill()

        folders.grade(jobs=cluster.address, report=note)
    assert told == dict.fromkeys(["ann", "bob", "cid", *more], "graded")
    scores = {name: row["score"] for name, row in folders.rows().items()}
    assert (scores["ann"], scores["bob"], scores["cid"]) == ("10", "4.5", "0")


def _lines(ledger: Path) -> list[str]:
    return ledger.read_text().splitlines() if ledger.exists() else []


def test_executed_notebooks_go_to_a_bucket(graded: Folders, outputs: Path) -> None:
    assert publish_executed(graded.out, "s3://class/films") == (3, 0)
    assert publish_executed(graded.out, "s3://class/films/") == (0, 3)
    keys = [item.key for item in storage.list_objects("class", "films")]
    assert keys == [f"films/{name}/01_count.ipynb" for name in ("ann", "bob", "zoe")]
    with pytest.raises(UsageError, match="not an S3 address"):
        publish_executed(graded.out, "class/films")
