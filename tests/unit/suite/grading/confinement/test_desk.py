"""A desk gives a submission its own folders, and takes from it plain files only."""

import json
import os
from pathlib import Path

import pytest

from helpers.suite.grading.confinement.desk import (
    ANSWERS,
    HANDED_IN,
    HOME,
    OUTPUTS,
    Desk,
    read_plain,
)

ROOT = os.geteuid() == 0


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "desk")
    made.prepare(None)
    return made


def test_its_own_folders_are_there_and_variables_lead_to_them(desk: Desk) -> None:
    assert all(folder.is_dir() for folder in desk.writable())
    assert all(str(desk.folder) in value for value in desk.environment().values())


@pytest.mark.skipif(not ROOT, reason="only root can give files away")
def test_what_was_put_there_is_given_away_but_no_target_of_a_link(tmp_path: Path) -> None:
    home = tmp_path / "desk" / HOME
    (home / "data").mkdir(parents=True)
    (home / "data" / "film.png").touch()
    (tmp_path / "ours").touch()
    (home / "link").symlink_to(tmp_path / "ours")
    Desk(tmp_path / "desk").prepare(60_700)
    assert (home / "data" / "film.png").stat().st_uid == 60_700
    assert (tmp_path / "ours").stat().st_uid == 0
    assert (tmp_path / "desk").stat().st_uid == 0


def test_a_link_left_by_an_earlier_run_is_not_written_through(tmp_path: Path) -> None:
    for name, link in ((HOME, ".config"), (OUTPUTS, ".store-state")):
        (tmp_path / "desk" / name).mkdir(parents=True)
        (tmp_path / "desk" / name / link).symlink_to(tmp_path / "ours")
    (tmp_path / "ours").mkdir()
    Desk(tmp_path / "desk").prepare(None, port=40_000)
    assert list((tmp_path / "ours").iterdir()) == []


def test_the_store_s_port_is_left_where_the_store_looks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpers.data import local_s3

    desk.prepare(None, port=40_001)
    state = json.loads((desk.folder / OUTPUTS / ".store-state" / "state.json").read_text())
    assert state["endpoint"] == "http://127.0.0.1:40001"
    monkeypatch.setenv("CXR_OUTPUTS", str(desk.folder / OUTPUTS))
    assert local_s3.find() is None


def test_only_plain_answers_are_collected(desk: Desk, tmp_path: Path) -> None:
    answers = desk.folder / ANSWERS
    for name in ("01_a.json", "01_b.npy", "01_c.csv", "01_d.pkl", ".e.json", "01 f.json"):
        (answers / name).write_text("1")
    (tmp_path / "secret.json").write_text("1")
    (answers / "01_link.json").symlink_to(tmp_path / "secret.json")
    os.mkfifo(answers / "01_pipe.json")
    os.link(tmp_path / "secret.json", answers / "01_hard.json")
    (answers / "01_folder.json").mkdir()
    desk.collect()
    names = sorted(path.name for path in (desk.folder / HANDED_IN).iterdir())
    assert names == ["01_a.json", "01_b.npy", "01_c.csv"]
    assert desk.folder.stat().st_mode & 0o077 == 0


def test_an_answers_folder_that_is_a_link_holds_no_answers(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "01_a.json").write_text("1")
    (desk.folder / ANSWERS).rmdir()
    (desk.folder / ANSWERS).symlink_to(tmp_path / "others")
    desk.collect()
    assert list((desk.folder / HANDED_IN).iterdir()) == []


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_plain(tmp_path / "a", 5) == b"12345"
    assert read_plain(tmp_path / "a", 4) is None
    assert read_plain(tmp_path / "missing", 4) is None
