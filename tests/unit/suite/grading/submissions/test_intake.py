"""What comes in: folders, zips, downloads of Canvas and Moodle; links and odd files."""

import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers.core.errors import UsageError
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.submissions.intake import Submission, collect, settle
from helpers.suite.grading.submissions.roster import Student

NOTEBOOKS = ("01_ingest", "02_visualize")
ANN = Student("ann", name="Ann Lee", email="ann@x.org", canvas_id="41")
BOB = Student("bob", name="Roe, Bob")


def file(path: Path, text: str = "{}") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def packed(path: Path, entries: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def taken(place: Path, scratch: Path, *roster: Student) -> dict[str, Submission]:
    scratch.mkdir()
    found, _ = collect(place, roster, NOTEBOOKS, scratch)
    return {one.student.student: settle(one) for one in found}


@pytest.fixture
def class_folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_a_folder_a_student(class_folder: Path, tmp_path: Path) -> None:
    file(class_folder / "ann" / "work" / "01_ingest.ipynb")
    file(class_folder / "ann" / "02_visualize.ipynb")
    found = taken(class_folder, tmp_path / "scratch", ANN)
    assert sorted(found["ann"].notebooks) == list(NOTEBOOKS)
    assert found["ann"].on_roster


def test_everyone_on_the_roster_is_there_and_others_too(class_folder: Path, tmp_path: Path) -> None:
    file(class_folder / "zoe" / "01_ingest.ipynb")
    found = taken(class_folder, tmp_path / "scratch", ANN)
    assert found["ann"].problems[0].status == Status.NOTHING_SUBMITTED
    assert not found["zoe"].on_roster


def test_a_zip_a_student(class_folder: Path, tmp_path: Path) -> None:
    packed(class_folder / "ann.zip", {"deep/in/01_ingest.ipynb": "{}", "film.png": "x"})
    assert list(taken(class_folder, tmp_path / "scratch", ANN)["ann"].notebooks) == ["01_ingest"]


def test_canvas_names(class_folder: Path, tmp_path: Path) -> None:
    file(class_folder / "leeann_LATE_41_981_01_ingest-2.ipynb", '{"a": 2}')
    file(class_folder / "leeann_41_980_01_ingest.ipynb", '{"a": 1}')
    packed(class_folder / "roebob_42_982_my work.zip", {"02_visualize.ipynb": "{}"})
    found = taken(class_folder, tmp_path / "scratch", ANN, BOB)
    assert set(found) == {"ann", "bob"}
    assert found["ann"].late_mark and not found["bob"].late_mark
    assert found["ann"].notebooks["01_ingest"].read_text() == '{"a": 2}'
    assert list(found["bob"].notebooks) == ["02_visualize"]
    assert any("more than once" in note for note in found["ann"].notes)


def test_moodle_names(class_folder: Path, tmp_path: Path) -> None:
    file(class_folder / "Ann Lee_4711_assignsubmission_file_" / "01_ingest.ipynb")
    file(class_folder / "Bob Roe_4712_assignsubmission_file_01_ingest.ipynb")
    found = taken(class_folder, tmp_path / "scratch", ANN, BOB)
    assert set(found) == {"ann", "bob"}
    assert all(one.notebooks and one.from_lms for one in found.values())


def test_the_download_of_an_lms_as_a_zip(tmp_path: Path) -> None:
    inner = packed(tmp_path / "inner.zip", {"01_ingest.ipynb": "{}"})
    outer = tmp_path / "class.zip"
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("Ann Lee_4711_assignsubmission_file_/01_ingest.ipynb", "{}")
        archive.write(inner, "Bob Roe_4712_assignsubmission_file_/all.zip")
    found = taken(outer, tmp_path / "scratch", ANN, BOB)
    assert all(list(one.notebooks) == ["01_ingest"] for one in found.values())
    assert set(found) == {"ann", "bob"}


@pytest.mark.parametrize("name", ["01_ingest (1)", "01_INGEST", "01_ingest-3"])
def test_names_that_browsers_make(class_folder: Path, tmp_path: Path, name: str) -> None:
    file(class_folder / "ann" / f"{name}.ipynb")
    assert list(taken(class_folder, tmp_path / "scratch", ANN)["ann"].notebooks) == ["01_ingest"]


def test_a_renamed_notebook_says_itself_which_it_is(class_folder: Path, tmp_path: Path) -> None:
    stamp = {"metadata": {"cxr_exercise": {"notebook": "01_ingest"}}, "cells": []}
    file(class_folder / "ann" / "my homework final.ipynb", json.dumps(stamp))
    file(class_folder / "ann" / "something else.ipynb", "no json")
    found = taken(class_folder, tmp_path / "scratch", ANN)["ann"]
    assert list(found.notebooks) == ["01_ingest"]
    assert "something else.ipynb is none of the graded notebooks." in found.notes


def test_a_link_out_of_the_folder_is_a_problem_of_its_notebook(
    class_folder: Path, tmp_path: Path
) -> None:
    secret = file(tmp_path / "secret.ipynb")
    file(class_folder / "ann" / "02_visualize.ipynb")
    (class_folder / "ann" / "01_ingest.ipynb").symlink_to(secret)
    found = taken(class_folder, tmp_path / "scratch", ANN)["ann"]
    assert [(one.status, one.notebook) for one in found.problems] == [
        (Status.UNSAFE_LINK, "01_ingest")
    ]
    assert list(found.notebooks) == ["02_visualize"]


def test_a_folder_that_is_a_link_is_not_entered(class_folder: Path, tmp_path: Path) -> None:
    file(tmp_path / "else" / "01_ingest.ipynb")
    (class_folder / "ann").symlink_to(tmp_path / "else")
    file(class_folder / "bob" / "02_visualize.ipynb")
    (class_folder / "bob" / "more").symlink_to(tmp_path / "else")
    found = taken(class_folder, tmp_path / "scratch", ANN, BOB)
    assert found["ann"].problems[0].status == Status.UNSAFE_LINK
    assert not found["ann"].notebooks
    assert list(found["bob"].notebooks) == ["02_visualize"]


def test_a_link_that_leads_round_in_circles_ends(class_folder: Path, tmp_path: Path) -> None:
    (class_folder / "ann").mkdir()
    (class_folder / "ann" / "01_ingest.ipynb").symlink_to(class_folder / "ann" / "01_ingest.ipynb")
    found = taken(class_folder, tmp_path / "scratch", ANN)["ann"]
    assert found.problems[0].status == Status.UNSAFE_LINK


def test_a_pipe_is_no_notebook(class_folder: Path, tmp_path: Path) -> None:
    (class_folder / "ann").mkdir()
    os.mkfifo(class_folder / "ann" / "01_ingest.ipynb")
    found = taken(class_folder, tmp_path / "scratch", ANN)["ann"]
    assert found.problems[0].status == Status.NOTHING_SUBMITTED


def test_an_unsafe_zip_is_a_problem_of_the_student_alone(
    class_folder: Path, tmp_path: Path
) -> None:
    packed(class_folder / "ann.zip", {"../01_ingest.ipynb": "{}"})
    (class_folder / "bob.zip").write_bytes(b"PK no zip")
    found = taken(class_folder, tmp_path / "scratch", ANN, BOB)
    assert found["ann"].problems[0].status == Status.UNSAFE_ARCHIVE
    assert found["bob"].problems[0].status == Status.UNREADABLE_NOTEBOOK
    assert not (tmp_path / "01_ingest.ipynb").exists()


def test_nothing_is_dropped_in_silence(class_folder: Path, tmp_path: Path) -> None:
    file(class_folder / "grades.xlsx")
    file(class_folder / "01_ingest.ipynb")
    file(class_folder / "ann" / "notes.txt")
    (tmp_path / "scratch").mkdir()
    found, left_out = collect(class_folder, [ANN], NOTEBOOKS, tmp_path / "scratch")
    assert [sentence.split()[0] for sentence in left_out] == ["01_ingest.ipynb", "grades.xlsx"]
    assert "notes.txt" in settle(found[0]).problems[0].reason


def test_a_name_that_two_share_is_nobody(class_folder: Path, tmp_path: Path) -> None:
    file(class_folder / "Ann Lee_1_assignsubmission_file_" / "01_ingest.ipynb")
    other = Student("ann2", name="Ann Lee")
    found = taken(class_folder, tmp_path / "scratch", ANN, other)
    assert not found["ann"].notebooks and not found["ann2"].notebooks
    assert found["Ann Lee"].notebooks and not found["Ann Lee"].on_roster


def stamped(path: Path, student: str, seed: object) -> None:
    stamp = {"notebook": path.stem, "student": student, "seed": seed}
    file(path, json.dumps({"metadata": {"cxr_exercise": stamp}, "cells": []}))


def test_a_notebook_made_for_somebody_else_is_worth_a_word(
    class_folder: Path, tmp_path: Path
) -> None:
    stamped(class_folder / "ann" / "01_ingest.ipynb", "bob", 3)
    stamped(class_folder / "bob" / "01_ingest.ipynb", "bob", 3)
    stamped(class_folder / "bob" / "02_visualize.ipynb", "", 3)
    found = taken(class_folder, tmp_path / "scratch", ANN, BOB)
    assert found["ann"].notes == [
        "01_ingest was handed out to somebody else (bob); it ran with your own seed."
    ]
    assert found["bob"].notes == []


@pytest.mark.parametrize(
    ("seeds", "found"), [((3, 3), 3), ((3, 4), None), (("3", "3"), None), ((-1, -1), None)]
)
def test_a_stamped_seed_is_one_whole_number_for_all_notebooks(
    class_folder: Path, tmp_path: Path, seeds: tuple, found: int | None
) -> None:
    for name, seed in zip(NOTEBOOKS, seeds, strict=True):
        stamped(class_folder / "ann" / f"{name}.ipynb", "ann", seed)
    assert taken(class_folder, tmp_path / "scratch", ANN)["ann"].stamped_seed() == found


def test_the_time_is_that_of_the_newest_notebook(class_folder: Path, tmp_path: Path) -> None:
    for name, moment in (("01_ingest", 1_000_000), ("02_visualize", 2_000_000)):
        os.utime(file(class_folder / "ann" / f"{name}.ipynb"), (moment, moment))
    os.utime(file(class_folder / "ann" / "late.txt"), (3_000_000, 3_000_000))
    found = taken(class_folder, tmp_path / "scratch", ANN)["ann"]
    assert found.submitted == datetime.fromtimestamp(2_000_000, UTC)


def test_a_place_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder or zip"):
        collect(tmp_path / "nowhere", [], NOTEBOOKS, tmp_path)
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(UsageError, match="not a zip of submissions"):
        collect(tmp_path / "x.zip", [], NOTEBOOKS, tmp_path)
