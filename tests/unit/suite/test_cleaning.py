"""`cxr clean` removes what was named, asks first, and never leaves the outputs folder."""

import os
import time
from pathlib import Path

import pytest

from helpers.core.errors import UsageError
from helpers.suite import cleaning


@pytest.fixture
def full(outputs: Path) -> Path:
    """Two runs, fetched films, a store folder, and a folder that no run made."""
    for name in ("sample", "ozturk"):
        (outputs / name).mkdir(parents=True)
        (outputs / name / "run.json").write_text("{}")
    for name in (".films", ".store", ".store-state", "holiday-photographs"):
        (outputs / name).mkdir()
        (outputs / name / "file").write_bytes(b"x" * 1000)
    return outputs


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_only_folders_made_by_runs_count_as_runs(full: Path) -> None:
    assert [run.path.name for run in cleaning.find_runs()] == ["ozturk", "sample"]


def test_an_unknown_run_is_refused_with_the_nearest_name(full: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'sample'"):
        cleaning.find_runs(["smaple"])
    with pytest.raises(UsageError):
        cleaning.find_runs(["holiday-photographs"])


@pytest.mark.parametrize("name", ["../sample", "/etc", ".films", ".."])
def test_a_path_is_no_run_name(full: Path, name: str) -> None:
    with pytest.raises(UsageError, match="not a run name"):
        cleaning.find_runs([name])


def test_a_link_is_removed_and_what_it_points_to_stays(full: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "run.json").write_text("{}")
    (full / "linked").symlink_to(precious)
    cleaning.remove(cleaning.find_runs(["linked"]))
    assert "linked" not in names(full)
    assert (precious / "run.json").exists()


def test_the_command_removes_one_run_after_yes(cxr, full: Path) -> None:
    done = cxr("clean", "ozturk", "--yes")
    assert done.returncode == 0, done.stderr
    assert "ozturk" not in names(full)
    assert {"sample", ".films", ".store", "holiday-photographs"} <= names(full)


def test_without_yes_the_command_asks_and_no_answer_removes_nothing(cxr, full: Path) -> None:
    before = names(full)
    assert cxr("clean", "--all").returncode != 0
    assert names(full) == before


def test_all_leaves_only_what_no_run_made(cxr, full: Path) -> None:
    assert cxr("clean", "--all", "--yes").returncode == 0
    assert names(full) == {"holiday-photographs"}


def test_with_no_word_it_only_tells_what_is_there(cxr, full: Path) -> None:
    done = cxr("clean")
    assert "run ozturk" in done.stdout
    assert "--store" in done.stdout
    assert "sample" in names(full)


def test_half_written_files_are_swept_and_nothing_else(cxr, full: Path) -> None:
    old = time.time() - 7200
    places = [".films/ab/.x_1y2z3w", "sample/.abcdefgh.npy", ".films/ab/.young_34"]
    others = ["sample/.hidden.txt", "sample/.ipynb_checkpoints/a", "holiday-photographs/.abcdefgh"]
    for place in [*places, *others]:
        (full / place).parent.mkdir(exist_ok=True)
        (full / place).write_bytes(b"x" * 100)
        os.utime(full / place, (old, old))
    os.utime(full / ".films/ab/.young_34")
    assert "2 half-written files" in cxr("clean").stdout
    assert [(full / place).exists() for place in places] == [False, False, True]
    assert all((full / place).exists() for place in others)


def test_a_running_store_is_stopped_before_it_goes(outputs: Path) -> None:
    from helpers.data import local_s3

    local_s3.start()
    cleaning.remove(cleaning.find_store())
    assert local_s3.find() is None
    assert not (outputs / ".store").exists()
