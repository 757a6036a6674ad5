"""Feedback on the disk: kept once, backed up while in use, restored without losing anything."""

from dataclasses import replace
from pathlib import Path

import pytest

from helpers.app.server.feedback import Feedback, FeedbackBook, to_csv
from helpers.core.errors import SuiteError, UsageError


def record(number: int, **changes) -> Feedback:
    values = {"run": "small", "stamp": "not audited", "label": "COVID-19", "confidence": 0.8}
    return Feedback(**(values | {"seen": "COVID-19", "id": f"{number:04}"} | changes))


@pytest.fixture
def book(tmp_path: Path) -> FeedbackBook:
    return FeedbackBook(tmp_path / "feedback.sqlite3")


def test_what_was_kept_is_there_for_another_reader(book: FeedbackBook) -> None:
    book.keep(record(1, note="línea ह"))
    assert FeedbackBook(book.path).records() == book.records()
    assert book.records()[0].note == "línea ह"
    assert book.records()[0].agreed


def test_only_the_owner_can_read_the_file(book: FeedbackBook) -> None:
    assert book.path.stat().st_mode & 0o077 == 0


def test_a_second_word_on_a_result_replaces_the_first(book: FeedbackBook) -> None:
    book.keep(record(1))
    book.keep(record(1, seen="Pneumonia"))
    assert [one.seen for one in book.records()] == ["Pneumonia"]


def test_a_backup_is_one_file_and_restoring_keeps_what_came_later(
    book: FeedbackBook, tmp_path: Path
) -> None:
    book.keep(record(1))
    assert book.backup(tmp_path / "saved.sqlite3") == 1
    assert sorted(path.name for path in tmp_path.glob("saved*")) == ["saved.sqlite3"]
    book.keep(record(1, seen="Pneumonia"))
    book.keep(record(2))
    assert book.restore(tmp_path / "saved.sqlite3") == 0
    assert {one.id: one.seen for one in book.records()} == {"0001": "Pneumonia", "0002": "COVID-19"}
    empty = FeedbackBook(tmp_path / "new.sqlite3")
    assert empty.restore(tmp_path / "saved.sqlite3") == 1


def test_a_backup_never_overwrites_and_only_a_backup_is_restored(
    book: FeedbackBook, tmp_path: Path
) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        book.backup(tmp_path / "there")
    with pytest.raises(UsageError, match="no backup"):
        book.restore(tmp_path / "there")
    with pytest.raises(UsageError, match="no such file"):
        book.restore(tmp_path / "nowhere")


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "feedback.sqlite3").write_bytes(b"not a database, not at all" * 100)
    with pytest.raises(SuiteError, match=r"feedback\.sqlite3 cannot be used"):
        FeedbackBook(tmp_path / "feedback.sqlite3")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_export_is_a_formula(sign: str) -> None:
    written = to_csv([replace(record(1), note=f"{sign}1+1")])
    assert f"'{sign}1+1" in written
