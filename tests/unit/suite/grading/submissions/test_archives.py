"""Zips from outside: nothing leaves the folder, nothing swells up, damage is one sentence."""

import stat
import zipfile
from pathlib import Path

import pytest

from helpers.suite.grading.submissions import archives
from helpers.suite.grading.submissions.archives import (
    UnreadableArchiveError,
    UnsafeArchiveError,
    unpack,
)


def packed(folder: Path, entries: dict[str, bytes]) -> Path:
    path = folder / "work.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def names(archive: Path, folder: Path) -> list[str]:
    out = folder / "out"
    found = [path.relative_to(out).as_posix() for path in unpack(archive, out, (".ipynb",))]
    return sorted(found)


def test_only_the_wanted_files_are_written(tmp_path: Path) -> None:
    entries = {"a/01.ipynb": b"{}", "02.IPYNB": b"{}", "film.png": b"x"}
    entries |= {"__MACOSX/._01.ipynb": b"x", ".ipynb_checkpoints/01.ipynb": b"x"}
    assert names(packed(tmp_path, entries), tmp_path) == ["02.IPYNB", "a/01.ipynb"]
    assert len([path for path in (tmp_path / "out").rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize(
    "name",
    [
        *("../evil.ipynb", "a/../../evil.ipynb", "/evil.ipynb", "..\\evil.ipynb", "../evil.png"),
        *("C:\\evil.ipynb", "C:evil.ipynb", "\\\\host\\evil.ipynb"),
    ],
)
def test_a_name_that_leads_out_refuses_the_whole_zip(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path, {"01.ipynb": b"{}", name: b"{}"})
    with pytest.raises(UnsafeArchiveError, match="leads out"):
        names(archive, tmp_path / "deep" / "down")
    assert [path.name for path in tmp_path.rglob("*")] == [archive.name]


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "work.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("01.ipynb")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(UnsafeArchiveError, match="symbolic link"):
        names(path, tmp_path)


def test_a_bomb_that_tells_its_size_is_refused_before_a_byte(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILE", 1 << 20)
    archive = packed(tmp_path, {f"{n}.ipynb": bytes(1 << 20) for n in range(4)})
    with pytest.raises(UnsafeArchiveError, match="unpacks to more"):
        list(unpack(archive, tmp_path / "out", (".ipynb",), total=3 << 20))
    assert not (tmp_path / "out").exists()


def test_a_bomb_that_lies_about_its_size_is_stopped(tmp_path: Path, monkeypatch) -> None:
    archive = packed(tmp_path, {"01.ipynb": bytes(2 << 20)})
    content = archive.read_bytes().replace((2 << 20).to_bytes(4, "little"), b"\x10\0\0\0")
    archive.write_bytes(content)
    monkeypatch.setattr(archives, "MAX_FILE", 1 << 20)
    # Python's zipfile stops at the size it was told and finds the checksum wrong.
    with pytest.raises((UnsafeArchiveError, UnreadableArchiveError)):
        names(archive, tmp_path)
    written = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*.ipynb"))
    assert written <= 1 << 20


def test_one_file_may_not_be_endless(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILE", 1000)
    with pytest.raises(UnsafeArchiveError, match="swells"):
        names(packed(tmp_path, {"01.ipynb": bytes(5000)}), tmp_path)


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    with pytest.raises(UnsafeArchiveError, match="4 files"):
        names(packed(tmp_path, {f"{n}.ipynb": b"" for n in range(4)}), tmp_path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 broken off"])
def test_a_damaged_zip_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "work.zip"
    path.write_bytes(content)
    with pytest.raises(UnreadableArchiveError, match=r"work\.zip cannot be unpacked"):
        names(path, tmp_path)


def test_damaged_data_inside_is_one_sentence(tmp_path: Path) -> None:
    archive = packed(tmp_path, {"01.ipynb": bytes(range(256)) * 40})
    content = bytearray(archive.read_bytes())
    content[60:90] = b"x" * 30
    archive.write_bytes(bytes(content))
    with pytest.raises(UnreadableArchiveError):
        names(archive, tmp_path)


def test_a_file_and_a_folder_of_one_name_are_one_sentence(tmp_path: Path) -> None:
    archive = packed(tmp_path, {"a.ipynb": b"{}", "a.ipynb/b.ipynb": b"{}"})
    with pytest.raises(UnreadableArchiveError):
        names(archive, tmp_path)
