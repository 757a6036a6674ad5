"""The roster: its columns, those of Canvas and Moodle, and names that are no paths."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.core.errors import UsageError
from helpers.suite.grading.submissions.roster import Student, read_roster, safe_name, spelled_alike


def roster(folder: Path, text: str) -> list[Student]:
    path = folder / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return read_roster(path)


def test_a_student_column_is_enough(tmp_path: Path) -> None:
    assert [one.student for one in roster(tmp_path, "student\nann\nbob\n\n")] == ["ann", "bob"]


def test_canvas_gradebook_export_is_a_roster(tmp_path: Path) -> None:
    text = (
        "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Quiz (12)\n"
        "    Points Possible,,,,,10\n"
        '"Lee, Ann",41,S1,ann,A,\n'
    )
    (ann,) = roster(tmp_path, text)
    assert (ann.student, ann.name, ann.canvas_id, ann.sis_id) == ("ann", "Lee, Ann", "41", "S1")
    assert spelled_alike("leeann") in ann.names()


def test_moodle_participants_are_a_roster(tmp_path: Path) -> None:
    text = "First name,Last name,ID number,Email address,Groups\nAnn,Lee,S1,ann@x.org,A\n"
    (ann,) = roster(tmp_path, text)
    assert (ann.student, ann.name, ann.email) == ("S1", "Ann Lee", "ann@x.org")


def test_semicolons_and_quoted_line_ends(tmp_path: Path) -> None:
    found = roster(tmp_path, 'student;name;email\nann;"Ann\nLee";a@x.org\nbob;Bob;b@x.org\n')
    assert [one.student for one in found] == ["ann", "bob"]


def test_the_time_of_handing_in_may_stand_there(tmp_path: Path) -> None:
    (ann,) = roster(tmp_path, "student,submitted\nann,2026-10-02T01:00+02:00\n")
    assert ann.submitted.utcoffset().total_seconds() == 7200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("student\nann\nann\n", "'ann' stands twice"),
        ("student\n", "no student"),
        ("student,submitted\nann,yesterday\n", "line 2.*'yesterday'.*2026"),
        ("section\nA\n", "line 2: no student"),
    ],
)
def test_an_error_names_file_and_remedy(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"roster.csv.*{words}"):
        roster(tmp_path, text)


def test_a_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_bytes(b"student\n\xff\xfe\n")
    with pytest.raises(UsageError, match="not a readable CSV"):
        read_roster(tmp_path / "roster.csv")


@pytest.mark.parametrize("name", ["../../etc", "/etc/passwd", "a/b", "", ".", "..", "con", "a\0b"])
def test_a_safe_name_is_no_path(name: str) -> None:
    found = safe_name(name)
    assert found not in ("", ".", "..", "con")
    assert not set(found) & set("/\\\0:")


def test_a_plain_name_stays_readable() -> None:
    assert safe_name("ann-1") == "ann-1"
    assert safe_name("Zoë Müller").startswith("zoe-muller-")


@given(st.text(max_size=60), st.text(max_size=60))
def test_two_students_never_share_a_folder(one: str, other: str) -> None:
    assert (safe_name(one).casefold() == safe_name(other).casefold()) == (one == other)
