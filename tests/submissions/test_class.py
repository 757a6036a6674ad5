"""A whole class through `cxr grade`: thirty submissions, right, half, wrong and hostile."""

import csv
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
import yaml

from helpers.suite.exercises.handout import write_handout
from helpers.suite.exercises.sources import Stamp
from helpers.suite.grading.confinement.limits import GIBIBYTE, MEBIBYTE
from helpers.suite.grading.confinement.outcome import Status
from tests.conftest import PROJECT
from tests.submissions import builders
from tests.submissions.hostile import EATERS, ENDINGS, UNFIT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="submissions run on POSIX only")
NOTEBOOKS = ("01_ingest", "02_visualize")
FULL = 20.0  # ten points a notebook
CELL = "01-disagree-answer"  # where hostile code stands: after two tasks, before one
LIMITS = {"cell_seconds": 20, "total_seconds": 300, "memory_bytes": 2 * GIBIBYTE}
LIMITS |= {"processes": 24, "written_bytes": 60 * MEBIBYTE, "output_bytes": MEBIBYTE}


@dataclass(frozen=True)
class Place:
    """One class: what it handed in, what became of it."""

    root: Path

    @property
    def submissions(self) -> Path:
        return self.root / "in"

    @property
    def instructor(self) -> Path:
        return self.root / "class" / "instructor"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def notebook(self, student: str, make: Callable, name: str = "01_ingest"):
        path = self.root / "class" / "student" / student / f"{name}.ipynb"
        stamp = nbformat.read(path, as_version=4).metadata["cxr_exercise"]
        return make(name, Stamp(stamp["version"], student, stamp["seed"]))

    def folder(self, student: str, make: Callable, *names: str) -> Path:
        """Hand in notebooks made by `make` as a folder."""
        folder = self.submissions / student
        folder.mkdir(parents=True, exist_ok=True)
        for name in names or NOTEBOOKS:
            nbformat.write(self.notebook(student, make, name), folder / f"{name}.ipynb")
        return folder

    def hostile(self, student: str, code: str) -> None:
        """Hand in 01_ingest with everything right but one answer, which is `code`."""
        notebook = self.notebook(student, builders.correct)
        next(cell for cell in notebook.cells if cell.id == CELL).source = code
        self.raw(student, json.dumps(notebook).encode())

    def raw(self, student: str, content: bytes) -> Path:
        path = self.submissions / student / "01_ingest.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def altered(self, student: str, alter: Callable[[dict], None]) -> None:
        """Hand in 01_ingest, right, with its JSON altered."""
        notebook = json.loads(json.dumps(self.notebook(student, builders.correct)))
        alter(notebook)
        self.raw(student, json.dumps(notebook).encode())


def zipped(place: Place, student: str, names: dict[str, str]) -> None:
    """Hand in a zip: name in it -> notebook."""
    with zipfile.ZipFile(place.submissions / f"{student}.zip", "w") as packed:
        for inside, name in names.items():
            content = nbformat.writes(place.notebook(student, builders.correct, name))
            packed.writestr(inside, content)


def canvas(place: Place, student: str) -> None:
    for number, name in enumerate(NOTEBOOKS):
        path = place.submissions / f"{student}_77_98{number}_{name}-1.ipynb"
        nbformat.write(place.notebook(student, builders.correct, name), path)


def moodle(place: Place, student: str) -> None:
    place.folder(student, builders.correct)
    target = f"{student.title()} Moodler_4711_assignsubmission_file_"
    (place.submissions / student).rename(place.submissions / target)


def edited(place: Place, student: str) -> None:
    def alter(notebook: dict) -> None:
        notebook["cells"][3]["source"] = "gone = True"
        notebook["cells"][-1]["source"] = "gone"

    place.altered(student, alter)


def linked(place: Place, student: str) -> None:
    elsewhere = place.root / "elsewhere.ipynb"
    nbformat.write(place.notebook(student, builders.correct), elsewhere)
    (place.submissions / student).mkdir()
    (place.submissions / student / "01_ingest.ipynb").symlink_to(elsewhere)


def no_parameters(notebook: dict) -> None:
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def twice(notebook: dict) -> None:
    notebook["cells"][5]["id"] = notebook["cells"][3]["id"]


def foreign(notebook: dict) -> None:
    notebook["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}


def ending(name: str) -> Callable[[Place, str], None]:
    return lambda place, student: place.hostile(student, (ENDINGS | EATERS)[name].code)


def reads(place: Place, student: str) -> None:
    hidden = place.instructor / "hidden" / "test_01_ingest.py"
    place.hostile(student, f"open({str(hidden)!r}).read()")


def writes(place: Place, student: str) -> None:
    book = place.out / "gradebook.csv"
    place.hostile(student, f"try:\n    open({str(book)!r}, 'a')\nexcept OSError: pass")


Make = Callable[[Place, str], object]


def altered(alter: Callable[[dict], None]) -> Make:
    return lambda place, student: place.altered(student, alter)


def unfit(name: str) -> Make:
    return lambda place, student: place.raw(student, UNFIT[name][0])


# student -> what is handed in, the status, the least and the most points
CLASS: dict[str, tuple[Make, Status, float, float]] = {
    "ada": (lambda p, s: p.folder(s, builders.correct), Status.PASSED, FULL, FULL),
    "ben": (
        lambda p, s: zipped(p, s, {f"a/b/{name}.ipynb": name for name in NOTEBOOKS}),
        *(Status.PASSED, FULL, FULL),
    ),
    "cem": (canvas, Status.PASSED, FULL, FULL),
    "dia": (moodle, Status.PASSED, FULL, FULL),
    "eli": (lambda p, s: p.folder(s, builders.half_done), Status.FAILED_CHECK, 7, 14),
    "fay": (lambda p, s: p.folder(s, builders.correct, "01_ingest"), Status.FAILED_CHECK, 10, 10),
    "gus": (lambda p, s: p.folder(s, builders.wrong), Status.FAILED_CHECK, 0, 6),
    "hal": (lambda p, s: p.folder(s, builders.wrong), Status.FAILED_CHECK, 0, 6),
    "ida": (lambda p, s: p.folder(s, builders.untouched), Status.FAILED_CHECK, 0, 0),
    "jan": (ending("raises"), Status.RAISED, 5, 8),
    "kim": (ending("sys.exit(0)"), Status.SYS_EXIT, 5, 8),
    "leo": (ending("os._exit(0)"), Status.HARD_EXIT, 5, 5),
    "mia": (ending("kills its kernel"), Status.KERNEL_KILLED, 5, 5),
    "ned": (ending("asks for input"), Status.ASKED_FOR_INPUT, 5, 8),
    "oda": (ending("prints for ever"), Status.TOO_MUCH_OUTPUT, 5, 5),
    "pam": (lambda p, s: p.hostile(s, "while True: pass"), Status.CELL_TIMEOUT, 5, 8),
    "quy": (reads, Status.RAISED, 5, 8),
    "ron": (writes, Status.FAILED_CHECK, 5, 8),
    "sue": (unfit("empty"), Status.UNREADABLE_NOTEBOOK, 0, 0),
    "tom": (unfit("half a file"), Status.UNREADABLE_NOTEBOOK, 0, 0),
    "ulf": (unfit("deep"), Status.UNREADABLE_NOTEBOOK, 0, 0),
    "uma": (altered(no_parameters), Status.NO_PARAMETERS_CELL, 0, 0),
    "vic": (altered(twice), Status.DUPLICATE_CELL_IDS, 0, 0),
    "wim": (altered(foreign), Status.FOREIGN_KERNEL, 0, 0),
    "xia": (linked, Status.UNSAFE_LINK, 0, 0),
    "yan": (
        lambda p, s: zipped(p, s, {"../../01_ingest.ipynb": "01_ingest"}),
        *(Status.UNSAFE_ARCHIVE, 0, 0),
    ),
    "yin": (
        lambda p, s: (p.submissions / f"{s}.zip").write_bytes(b"PK no zip"),
        *(Status.UNREADABLE_NOTEBOOK, 0, 0),
    ),
    "zoe": (lambda p, s: (p.submissions / s).mkdir(), Status.NOTHING_SUBMITTED, 0, 0),
    "abe": (lambda p, s: None, Status.NOTHING_SUBMITTED, 0, 0),
    "bea": (edited, Status.FAILED_CHECK, 10, 10),
}
HEAVY: dict[str, tuple[Make, Status, float, float]] = {
    "ann": (lambda p, s: p.folder(s, builders.correct), Status.PASSED, FULL, FULL),
    "mem": (ending("eats memory"), Status.OUT_OF_MEMORY, 5, 5),
    "frk": (ending("fork bomb"), Status.TOO_MANY_PROCESSES, 5, 5),
    "dsk": (ending("writes files and deletes their names"), Status.TOO_MUCH_WRITTEN, 5, 5),
    "slo": (
        lambda p, s: p.hostile(s, "import time\nfor _ in range(9): time.sleep(6)"),
        *(Status.TOTAL_TIMEOUT, 5, 5),
    ),
    "zed": (lambda p, s: p.folder(s, builders.correct), Status.PASSED, FULL, FULL),
}


def grade(root: Path, members: dict, limits: dict[str, float]) -> Place:
    """Hand out, hand in, and grade as an instructor does, in a process of its own."""
    place = Place(root)
    write_handout(root / "class", list(members), class_seed=11)
    rubric = place.instructor / "rubric.yml"
    values = yaml.safe_load(rubric.read_text(encoding="utf-8"))
    values["checks"] = [check for check in values["checks"] if check["notebook"] in NOTEBOOKS]
    rubric.write_text(yaml.safe_dump(values | {"limits": limits}), encoding="utf-8")
    place.submissions.mkdir()
    for student, (hand_in, *_) in members.items():
        hand_in(place, student)
    roster = root / "roster.csv"
    lines = [f"{name},{name.title()} {'Moodler' if name == 'dia' else 'X'}" for name in members]
    roster.write_text("\n".join(["student,name", *lines]), encoding="utf-8")
    words = ["grade", str(place.submissions), "--rubric", str(rubric), "--out", str(place.out)]
    words += ["--roster", str(roster), "--jobs", "2"]
    result = subprocess.run(
        [sys.executable, "-m", "helpers", *words], cwd=PROJECT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return place


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    yield grade(tmp_path_factory.mktemp("class"), CLASS, LIMITS)


def rows(place: Place) -> dict[str, dict[str, str]]:
    with (place.out / "gradebook.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def compare(place: Place, members: dict) -> None:
    found = rows(place)
    assert list(found) == sorted(members)
    statuses = {name: row["status"] for name, row in found.items()}
    assert statuses == {name: status for name, (_, status, *_) in members.items()}
    for name, (_, _, least, most) in members.items():
        assert least <= float(found[name]["score"]) <= most, found[name]


def test_the_class_is_large_enough() -> None:
    assert len(CLASS) >= 25


@pytest.mark.timeout(1200)
def test_each_gets_the_status_and_the_points_it_earned(graded: Place) -> None:
    compare(graded, CLASS)


def test_whoever_lost_points_reads_why(graded: Place) -> None:
    for name, row in rows(graded).items():
        assert row["reason"].endswith((".", "?", "!")), row
        if row["status"] == "passed":
            continue
        path = graded.out / "students" / name / "mark.json"
        mark = json.loads(path.read_text(encoding="utf-8"))["mark"]
        lost = [check for check in mark["checks"] if check["earned"] < check["points"]]
        assert lost and all(check["reason"] for check in lost), name


def test_reaching_for_hidden_tests_and_gradebook_is_flagged_and_fails(graded: Place) -> None:
    found = rows(graded)
    assert "Flagged" in found["quy"]["reason"] and "Flagged" in found["ron"]["reason"]
    flagged = [name for name, row in found.items() if "Flagged" in row["reason"]]
    assert flagged == ["quy", "ron"]
    assert "ron" not in (graded.out / "gradebook.csv").read_text().splitlines()[-1]


def test_changed_cells_are_put_back_and_reported(graded: Place) -> None:
    path = graded.out / "students" / "bea" / "mark.json"
    edits = json.loads(path.read_text(encoding="utf-8"))["mark"]["edits"]
    assert [edit["what"] for edit in edits] == ["changed", "changed"]
    page = (graded.out / "index.html").read_text(encoding="utf-8")
    assert "Bea X" in page.split("Changed cells that are yours")[1]


def test_what_two_students_share_is_shown(graded: Place) -> None:
    page = (graded.out / "index.html").read_text(encoding="utf-8")
    assert "Gus X, Hal X" in page.split("Cells and outputs in common")[1]


def test_nothing_of_a_submission_is_left_outside(graded: Place) -> None:
    assert not (graded.root / "01_ingest.ipynb").exists()
    names = {path.name for path in graded.root.iterdir()}
    assert names == {"class", "in", "out", "roster.csv", "elsewhere.ipynb"}


@pytest.mark.prove
@pytest.mark.timeout(1200)
def test_the_greedy_do_not_stop_the_batch(tmp_path: Path) -> None:
    limits = LIMITS | {"cell_seconds": 60, "total_seconds": 40, "memory_bytes": 700 * MEBIBYTE}
    place = grade(tmp_path, HEAVY, limits)
    compare(place, HEAVY)
