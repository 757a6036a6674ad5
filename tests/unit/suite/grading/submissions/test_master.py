"""What a class is graded against: the folder it was handed out from, or the suite's exercises."""

import json
import shutil
from pathlib import Path

import pytest

from helpers.core.errors import UsageError
from helpers.suite.exercises.sources import RUBRIC
from helpers.suite.exercises.students import student_seed
from helpers.suite.grading.submissions.intake import Submission
from helpers.suite.grading.submissions.master import Master, find_master
from helpers.suite.grading.submissions.roster import Student
from tests.unit.suite.grading.small_class import write_class


@pytest.fixture(scope="module")
def rubric(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_class(tmp_path_factory.mktemp("class"), seed=5)


def submission(folder: Path, student: str, seed: int) -> Submission:
    path = folder / "01_ingest.ipynb"
    path.write_text(json.dumps({"metadata": {"cxr_exercise": {"seed": seed}}, "cells": []}))
    return Submission(Student(student), True, notebooks={"01_ingest": path})


def test_seeds_are_the_classs_whatever_a_notebook_says(rubric: Path, tmp_path: Path) -> None:
    master = find_master(rubric, tmp_path / "master")
    assert master.folder == rubric.parent
    assert master.seed_of(submission(tmp_path, "ann", 99)) == student_seed(5, "ann")
    assert master.seed_of(submission(tmp_path, "new", 99)) == master.common_seed
    assert not (tmp_path / "master").exists()


def test_a_rubric_that_lies_alone_is_taken_with_the_suites_exercises(tmp_path: Path) -> None:
    master = find_master(RUBRIC, tmp_path / "master")
    assert all((master.folder / f"{name}.ipynb").exists() for name in master.rubric.notebooks)
    assert list((master.folder / "hidden").glob("test_*.py"))
    assert master.seed_of(submission(tmp_path, "ann", 99)) == 99
    assert master.believes_stamps


def test_a_rubric_whose_notebooks_are_nowhere_is_one_sentence(rubric: Path, tmp_path: Path) -> None:
    shutil.copyfile(rubric, tmp_path / "rubric.yml")
    with pytest.raises(UsageError, match=r"no notebook 01_count\.ipynb beside the rubric"):
        find_master(tmp_path / "rubric.yml", tmp_path / "master")


def test_the_fingerprint_is_of_all_that_a_mark_depends_on(rubric: Path, tmp_path: Path) -> None:
    shutil.copytree(rubric.parent, tmp_path / "instructor")
    path = tmp_path / "instructor" / "rubric.yml"

    def fingerprint() -> str:
        return find_master(path, tmp_path / "master").fingerprint()

    seen = [fingerprint()]
    for name in ("rubric.yml", "hidden/test_01_count.py", "01_count.ipynb"):
        with (path.parent / name).open("a") as file:
            file.write("\n")
        seen.append(fingerprint())
    assert len(set(seen)) == 4
    with (path.parent / "class.yml").open("a") as file:
        file.write("# a student more\n")
    assert fingerprint() == seen[-1]
    assert isinstance(find_master(path, tmp_path / "master"), Master)
