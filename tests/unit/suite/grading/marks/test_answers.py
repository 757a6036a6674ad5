"""Answers are plain data: whatever else lies in the folder is a sentence, never code or a link."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from helpers.suite.exercises.handin import keep
from helpers.suite.grading.marks.answers import Answers


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXR_ANSWERS", str(tmp_path / "answers"))
    (tmp_path / "answers").mkdir()
    return tmp_path / "answers"


def test_what_keep_leaves_comes_back(folder: Path) -> None:
    keep("01_number", 3)
    keep("01_array", np.arange(4.0))
    keep("01_table", pd.DataFrame({"name": ["a"], "n": [1]}))
    answers = Answers(folder)
    assert list(answers) == ["01_array", "01_number", "01_table"]
    assert len(answers) == 3
    assert answers["01_number"] == 3
    assert answers["01_array"].tolist() == [0, 1, 2, 3]
    assert answers["01_table"]["name"].tolist() == ["a"]


def test_what_was_not_handed_in_is_a_sentence(folder: Path) -> None:
    with pytest.raises(AssertionError, match="01_number was not handed in"):
        Answers(folder)["01_number"]
    assert Answers(folder).get("01_number") is None
    assert list(Answers(folder / "nowhere")) == []


def test_nothing_is_unpickled(folder: Path) -> None:
    marker = folder.parent / "ran"

    class Evil:
        def __reduce__(self):
            return Path.touch, (marker,)

    (folder / "01_number.npy").write_bytes(pickle.dumps(Evil()))
    np.save(folder / "01_array.npy", np.array([Evil()]), allow_pickle=True)
    for task in ("01_number", "01_array"):
        with pytest.raises(AssertionError, match="cannot be read"):
            Answers(folder)[task]
    assert not marker.exists()


def test_links_and_pipes_are_no_answers(folder: Path) -> None:
    secret = folder.parent / "secret.json"
    secret.write_text('"secret"')
    (folder / "01_link.json").symlink_to(secret)
    os.mkfifo(folder / "01_pipe.json")
    (folder / "01_folder.json").mkdir()
    for task in ("01_link", "01_pipe", "01_folder"):
        with pytest.raises(AssertionError, match="was not handed in"):
            Answers(folder)[task]


def test_a_folder_that_is_a_link_holds_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "01_number.json").write_text("3")
    (tmp_path / "link").symlink_to(folder)
    assert list(Answers(tmp_path / "link")) == []


def test_a_task_name_is_no_path(folder: Path) -> None:
    (folder.parent / "01_out.json").write_text("3")
    with pytest.raises(AssertionError, match="is no task"):
        Answers(folder)["../01_out"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("01_a.json", b"{broken"),
        ("01_a.json", b"[" * 200_000),
        ("01_a.json", b"\xff\xfe\x00"),
        (
            "01_a.npy",
            b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'shape': (9,",
        ),
        ("01_a.csv", b""),
    ],
)
def test_damage_is_a_sentence(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(AssertionError, match="01_a cannot be read"):
        Answers(folder)["01_a"]


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    with (folder / "01_a.json").open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(AssertionError, match="was not handed in"):
        Answers(folder)["01_a"]


def test_a_hidden_test_sees_both_as_a_failed_check(folder: Path) -> None:
    (folder / "01_a.json").write_text(json.dumps({"n": 1}))
    answers = Answers(folder)
    assert answers["01_a"] == {"n": 1}
    assert "01_b" not in answers
