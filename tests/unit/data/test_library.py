"""The local film library: content under its own name, noticed when damaged, shared by processes."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.core.errors import SuiteError
from helpers.data.library import FilmLibrary, KnownFilm
from helpers.data.storage import StoredObject

FILM = b"the bytes of a film"
NAME = hashlib.sha256(FILM).hexdigest()
KNOWN = KnownFilm(NAME, len(FILM), 4, 3, "used", None)
ITEM = StoredObject("../../x/é.png", len(FILM), "etag-1")

WRITER = """
import sys
from helpers.data.library import FilmLibrary, KnownFilm
from helpers.data.storage import StoredObject
with FilmLibrary() as library:
    for number in range(200):
        sha256 = library.add(b"film %d" % number)
        film = KnownFilm(sha256, 6, 1, 1, "used", None)
        key = f"{sys.argv[1]}/{number}"
        library.remember("embedded", "b", StoredObject(key, 6, "e"), film)
"""


def test_a_film_lies_under_its_content(outputs: Path) -> None:
    library = FilmLibrary()
    assert library.add(FILM) == NAME
    assert library.path(NAME) == outputs / ".films" / NAME[:2] / NAME
    assert library.read(NAME) == FILM
    assert library.path(NAME).read_bytes() == FILM


@pytest.mark.parametrize("name", ["../../x", "", "AB" * 32, NAME + "/..", NAME[:-1], f"{NAME}\n"])
def test_only_a_hash_is_a_name(outputs: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        FilmLibrary().path(name)


@pytest.mark.parametrize("damage", [b"", FILM[:-1], b"x" + FILM[1:], FILM + b"!"])
def test_a_damaged_film_is_noticed(outputs: Path, damage: bytes) -> None:
    library = FilmLibrary()
    library.add(FILM)
    library.path(NAME).write_bytes(damage)
    assert library.find(NAME) is None
    with pytest.raises(SuiteError, match=r"missing or damaged.*01_ingest"):
        library.read(NAME)
    library.add(FILM)
    assert library.read(NAME) == FILM


def test_a_missing_film_is_noticed(outputs: Path) -> None:
    assert FilmLibrary().find(NAME) is None
    with pytest.raises(SuiteError, match="missing or damaged"):
        FilmLibrary().read(NAME)


def test_reading_opens_no_index(outputs: Path) -> None:
    FilmLibrary().add(FILM)
    assert not (outputs / ".films" / "index.sqlite").exists()


def test_the_index_knows_an_object_again(outputs: Path) -> None:
    with FilmLibrary() as library:
        assert library.known("embedded", "b", ITEM) is None
        library.remember("embedded", "b", ITEM, KNOWN)
    with FilmLibrary() as library:
        assert library.known("embedded", "b", ITEM) == KNOWN


@pytest.mark.parametrize(
    ("store", "bucket", "item"),
    [
        ("other", "b", ITEM),
        ("embedded", "c", ITEM),
        ("embedded", "b", StoredObject("other", ITEM.size, ITEM.etag)),
        ("embedded", "b", StoredObject(ITEM.key, ITEM.size, "etag-2")),
        ("embedded", "b", StoredObject(ITEM.key, ITEM.size + 1, ITEM.etag)),
    ],
)
def test_anything_changed_is_unknown(
    outputs: Path, store: str, bucket: str, item: StoredObject
) -> None:
    with FilmLibrary() as library:
        library.remember("embedded", "b", ITEM, KNOWN)
        assert library.known(store, bucket, item) is None


def test_an_object_with_new_content_replaces_the_old(outputs: Path) -> None:
    newer = KnownFilm("0" * 64, 5, None, None, "unreadable", "no film")
    with FilmLibrary() as library:
        library.remember("embedded", "b", ITEM, KNOWN)
        library.remember("embedded", "b", ITEM, newer)
        assert library.known("embedded", "b", ITEM) == newer


def test_two_processes_write_at_once(outputs: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, name]) for name in ("a", "b")]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    with FilmLibrary() as library:
        for key in ("a/0", "a/199", "b/0", "b/199"):
            assert library.known("embedded", "b", StoredObject(key, 6, "e"))


def test_a_damaged_index_is_one_sentence(outputs: Path) -> None:
    (outputs / ".films").mkdir(parents=True)
    (outputs / ".films" / "index.sqlite").write_bytes(b"not a database" * 100)
    with FilmLibrary() as library, pytest.raises(SuiteError, match=r"delete .*\.films"):
        library.known("embedded", "b", ITEM)


def test_a_full_disk_is_one_sentence_and_leaves_no_half_film(outputs: Path) -> None:
    code = """
import resource
from helpers.core.errors import SuiteError
from helpers.data.library import FilmLibrary
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
FilmLibrary().add(b"x" * 1000)
try:
    FilmLibrary().add(b"y" * 1001)
except SuiteError as error:
    print(error)
"""
    said = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("No space is left for the film library")
    assert [path.stat().st_size for path in outputs.rglob("*") if path.is_file()] == [1000]
