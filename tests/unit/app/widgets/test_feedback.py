"""Feedback is kept only when asked, under a random id, with neither picture nor file name."""

import json
import stat
from pathlib import Path

import pytest

from helpers.app.messages import Messages
from helpers.app.widgets.feedback import FILE, FeedbackForm, keep_feedback
from helpers.core.errors import SuiteError


@pytest.fixture
def form(tmp_path: Path, entry) -> FeedbackForm:
    form = FeedbackForm(tmp_path, Messages("en"))
    form.ask_about(entry(1, "COVID-19"), tmp_path)
    return form


def records(folder: Path) -> list[dict]:
    path = folder / FILE
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_nothing_is_kept_unless_the_box_is_ticked(form: FeedbackForm, tmp_path: Path) -> None:
    form._save.click()
    assert records(tmp_path) == []
    assert "Tick the box" in form._said.value


def test_another_class_and_a_note_are_kept(form: FeedbackForm, tmp_path: Path) -> None:
    form._seen.value, form._note.value, form._keep.value = "Pneumonia", "left base", True
    form._save.click()
    (record,) = records(tmp_path)
    assert (record["label"], record["seen"], record["agreed"]) == ("COVID-19", "Pneumonia", False)
    assert record["note"] == "left base"
    assert record["id"] in form._said.value
    assert "secret-name" not in json.dumps(record)
    assert (form._note.value, form._keep.value) == ("", False)


def test_ids_are_random_and_the_file_is_the_owners_alone(tmp_path: Path, entry) -> None:
    ids = {keep_feedback(tmp_path, entry(1), "COVID-19", "") for _ in range(20)}
    assert len(ids) == 20
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert all(record["agreed"] for record in records(tmp_path))


def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path, entry) -> None:
    with pytest.raises(SuiteError, match="could not be kept"):
        keep_feedback(tmp_path / "gone", entry(1), "COVID-19", "")


def test_without_a_film_there_is_nothing_to_keep(form: FeedbackForm, tmp_path: Path) -> None:
    form.ask_about(None, tmp_path)
    assert form._save.disabled
