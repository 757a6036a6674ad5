"""Sources: files, folders and prefixes become films to read, lazily and in order."""

import itertools
from pathlib import Path

import pandas as pd
import pytest

from helpers.core.errors import MissingInputError, SuiteError, UsageError
from helpers.core.runs import Run
from helpers.data import scaling, storage
from helpers.data.library import FilmLibrary
from helpers.data.remarks import UnreadableFilmError
from helpers.data.sources import films_of_split, find_films


def test_a_folder_gives_its_files_in_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b.png", "a/2.png", "a/1.png", ".hidden", "a/.DS_Store", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    found = list(find_films([str(tmp_path)]))
    names = [Path(source.name).relative_to(tmp_path).as_posix() for source in found]
    assert names == ["a/1.png", "a/2.png", "b.png", "c"]
    assert found[0].read() == b"a/1.png"


def test_all_places_are_looked_up_before_the_first_film(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    with pytest.raises(UsageError, match="no such file or folder"):
        find_films([str(tmp_path / "a.png"), str(tmp_path / "none.png")])


def test_folders_are_walked_as_films_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.png").write_bytes(b"1")
    (tmp_path / "b").mkdir()
    films = find_films([str(tmp_path)])
    next(films)
    (tmp_path / "b/late.png").write_bytes(b"2")
    assert Path(next(films).name).name == "late.png"


def test_a_file_that_is_gone_or_too_large_is_that_films_own_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone.png").write_bytes(b"x")
    (tmp_path / "large.png").write_bytes(bytes(2000))
    gone, large = find_films([str(tmp_path)])
    (tmp_path / "gone.png").unlink()
    monkeypatch.setattr(scaling, "MAX_BYTES", 1000)
    for source, code in ((gone, "unreachable"), (large, "too_many_bytes")):
        with pytest.raises(UnreadableFilmError) as caught:
            source.read()
        assert caught.value.remark.code == code


def test_prefixes_and_single_objects_of_a_store(outputs: Path) -> None:
    storage.ensure_bucket("films")
    for key in ("day/1.png", "day/2.png", "dayone"):
        storage.put("films", key, key.encode())
    prefix = list(find_films(["s3://films/day"]))
    assert [source.name for source in prefix] == ["s3://films/day/1.png", "s3://films/day/2.png"]
    assert prefix[1].read() == b"day/2.png"
    (single,) = find_films(["s3://films/dayone"])
    assert single.read() == b"dayone"
    with pytest.raises(SuiteError, match="absent"):
        find_films(["s3://films/absent"])
    with pytest.raises(UsageError):
        find_films(["s3://"])


def test_films_of_a_split_come_with_their_label_and_begin_again(outputs: Path) -> None:
    run, library = Run("small"), FilmLibrary()
    names = ("a", "b", "c")
    rows = [{"key": n, "sha256": library.add(n.encode()), "label": n.upper()} for n in names]
    run.write_table("manifest.csv", pd.DataFrame(rows))
    splits = pd.DataFrame({"key": ["a", "b", "c"], "split": ["test", "train", "test"]})
    run.write_table("splits.csv", splits)
    films = list(itertools.islice(films_of_split(run, "test"), 4))
    assert {label for label, _ in films} == {"A", "C"}
    assert films[0] == films[2]
    assert all(film.read().decode().upper() == label for label, film in films)


def test_a_run_without_splits_names_the_notebook(outputs: Path) -> None:
    with pytest.raises(MissingInputError, match="03_preprocess"):
        films_of_split(Run("small"), "test")
