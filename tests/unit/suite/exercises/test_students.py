"""Seeds: one for each student, the same everywhere, and written down for the grader."""

import pytest

from helpers.core.errors import UsageError
from helpers.suite.exercises.students import Classroom, read_classroom, student_seed


def test_a_seed_is_the_same_on_every_machine() -> None:
    assert student_seed(7, "ada") == 823081414


def test_students_and_classes_differ() -> None:
    seeds = {student_seed(number, f"s{student}") for number in range(5) for student in range(200)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_a_name_s_composition_and_spaces_make_no_difference() -> None:
    assert student_seed(7, "Jos\u00e9 ") == student_seed(7, "Jose\u0301")


def test_whoever_is_not_on_the_roster_has_the_common_seed() -> None:
    classroom = Classroom("v", 7, ("ada",))
    assert classroom.seed_of("ada") == student_seed(7, "ada")
    assert classroom.seed_of("eve") == classroom.seed_of("bob") == student_seed(7, "")


@pytest.mark.parametrize("names", [(), ("ada", "007", "no", "Jos\u00e9: x", "{a}", "null")])
def test_a_class_is_read_as_it_was_written(tmp_path, names) -> None:
    classroom = Classroom("1a2b3c", 12345, names)
    classroom.write(tmp_path)
    assert read_classroom(tmp_path) == classroom


@pytest.mark.parametrize("text", [None, "", "students: [ada]", "[", "version: 1\nclass_seed: x"])
def test_a_missing_or_damaged_class_is_a_sentence(tmp_path, text) -> None:
    if text is not None:
        (tmp_path / "class.yml").write_text(text)
    with pytest.raises(UsageError, match="cxr exercises"):
        read_classroom(tmp_path)
