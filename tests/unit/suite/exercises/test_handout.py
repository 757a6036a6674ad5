"""cxr exercises: what is handed out and what is kept, the same every time it is made."""

import nbformat
import pytest

from helpers.core.errors import SuiteError, UsageError
from helpers.suite.exercises.handout import write_handout
from helpers.suite.exercises.sources import (
    RUBRIC,
    Stamp,
    hidden_tests,
    instructor_notebook,
    source_notebooks,
    student_notebook,
    version_of,
)
from helpers.suite.exercises.students import read_classroom, student_seed

STUDENTS = ("ada", "José Núñez", "../../etc")


def contents(folder) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def handout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("handout")
    write_handout(folder, STUDENTS, 7)
    return folder


def test_both_sides_made_again_are_what_was_handed_out(handout, tmp_path) -> None:
    write_handout(tmp_path, STUDENTS, 7)
    assert contents(tmp_path) == contents(handout)


def test_what_was_handed_out_is_what_the_sources_say_now(handout) -> None:
    """A student's or master's file that anybody edits, or a source that moves on, shows here."""
    version = version_of()
    for path in source_notebooks():
        master = instructor_notebook(path, Stamp(version, "instructor", student_seed(7, "")))
        assert nbformat.read(handout / "instructor" / path.name, 4) == master
        mine = student_notebook(path, Stamp(version, "ada", student_seed(7, "ada")))
        assert nbformat.read(handout / "student" / "ada" / path.name, 4) == mine
    for path in hidden_tests():
        assert (handout / "instructor" / "hidden" / path.name).read_bytes() == path.read_bytes()
    assert (handout / "instructor" / "rubric.yml").read_bytes() == RUBRIC.read_bytes()


def test_a_name_never_becomes_a_path(handout) -> None:
    folders = sorted(path.name for path in (handout / "student").iterdir())
    assert len(folders) == 3 and "ada" in folders
    assert all(name.isascii() and ".." not in name for name in folders)
    assert {path.name for path in handout.iterdir()} == {"student", "instructor"}


def test_nothing_of_the_instructor_s_is_handed_out(handout) -> None:
    names = {path.name for path in (handout / "student").rglob("*") if path.is_file()}
    assert names == {path.name for path in source_notebooks()}


def test_without_a_roster_there_is_one_set_with_the_common_seed(tmp_path) -> None:
    write_handout(tmp_path, (), 7)
    notebook = nbformat.read(tmp_path / "student" / "01_ingest.ipynb", 4)
    assert notebook.metadata["cxr_exercise"]["seed"] == read_classroom(
        tmp_path / "instructor"
    ).seed_of("anybody")


def test_the_class_seed_is_drawn_once_and_kept(tmp_path) -> None:
    first = write_handout(tmp_path / "a").classroom
    assert write_handout(tmp_path / "a").classroom == first
    assert write_handout(tmp_path / "b").classroom.class_seed != first.class_seed


def test_who_joins_later_changes_nobody_else_s_notebooks(tmp_path) -> None:
    write_handout(tmp_path, ("ada",), 7)
    before = contents(tmp_path / "student")
    classroom = write_handout(tmp_path, ("ben",)).classroom
    assert classroom.students == ("ada", "ben")
    after = contents(tmp_path / "student")
    assert before.items() < after.items()
    assert read_classroom(tmp_path / "instructor").seed_of("ada") == student_seed(7, "ada")


def test_a_notebook_that_was_worked_in_is_not_written_over(tmp_path) -> None:
    write_handout(tmp_path, (), 7)
    worked = tmp_path / "student" / "02_visualize.ipynb"
    worked.write_text("mine")
    with pytest.raises(SuiteError, match=r"02_visualize\.ipynb is there already"):
        write_handout(tmp_path)
    assert worked.read_text() == "mine"
    write_handout(tmp_path, replace=True)
    assert worked.read_text() != "mine"


def test_a_rubric_that_names_no_task_stops_before_anything_is_written(tmp_path) -> None:
    source = tmp_path / "own"
    (source / "hidden").mkdir(parents=True)
    for path in source_notebooks()[:1]:
        (source / path.name).write_bytes(path.read_bytes())
    with pytest.raises(
        UsageError, match=r"rubric\.yml: check '01_listing': 01_ingest has no function"
    ):
        write_handout(tmp_path / "out", source=source)
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_wrote_and_what_to_keep(cxr, tmp_path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student,email\nada,a@example.org\nben,b@example.org\n")
    out = tmp_path / "out"
    done = cxr("exercises", "--out", str(out), "--roster", str(roster), "--class-seed", "7")
    assert done.returncode == 0, done.stderr
    assert "2 students" in done.stdout and "keep it to yourself" in done.stdout.replace("\n", " ")
    assert (out / "student" / "ben" / "06_predict.ipynb").exists()
    (out / "student" / "ben" / "06_predict.ipynb").write_text("mine")
    again = cxr("exercises", "--out", str(out))
    assert again.returncode == 1 and "differs" in again.stderr
