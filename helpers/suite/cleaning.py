"""Finds and removes what runs leave under the outputs folder, and nothing outside it."""

import os
import re
import shutil
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from helpers.core.errors import UsageError
from helpers.core.params import nearest_name
from helpers.core.runs import Run, outputs_root

LIBRARY = (".films",)
STORE = (".store", ".store-state")
# A folder without one of these was not made by a run, so it is never offered for removal.
MARKS = ("run.json", "params.yml")
UNFINISHED = re.compile(r"\.[a-z0-9_]{8}(\.\w+)?")  # the names that `core.runs.replacing` writes to
SECONDS_STILL_WRITTEN = 3600


@dataclass(frozen=True)
class Leftover:
    """One folder that may go: what it is to the user, where, and its size in bytes."""

    what: str
    path: Path
    size: int


def find_runs(names: Iterable[str] = ()) -> list[Leftover]:
    """The runs called `names`, or all runs when none is named.

    Raises UsageError for a name that is a path or not a run here, with the nearest real name.
    """
    present = {path.name: path for path in sorted(outputs_root().glob("[!.]*")) if _is_run(path)}
    for name in names:
        if Run(name).name not in present:
            hint = nearest_name(name, present) or f"; there are {', '.join(present) or 'none'}"
            raise UsageError(f"There is no run '{name}' in {outputs_root()}{hint}")
    chosen = dict.fromkeys(names) or present
    return [_leftover(f"run {name}", present[name]) for name in chosen]


def find_library() -> list[Leftover]:
    """The library of fetched films; the next ingest fetches them again."""
    return _present("the library of fetched films", LIBRARY)


def find_store() -> list[Leftover]:
    """The embedded S3 store with every bucket in it."""
    return _present("the embedded S3 store", STORE)


def sweep() -> tuple[int, int]:
    """Remove half-written files that killed processes left in runs and library: (files, bytes).

    What is younger than an hour may still be being written and stays.
    """
    swept = []
    folders = [found.path for found in [*find_library(), *find_runs()]]
    for folder in (path for path in folders if not path.is_symlink()):
        for file in folder.rglob(".*"):
            status = file.lstat()
            is_ours = UNFINISHED.fullmatch(file.name) and stat.S_ISREG(status.st_mode)
            if is_ours and time.time() - status.st_mtime > SECONDS_STILL_WRITTEN:
                file.unlink(missing_ok=True)
                swept.append(status.st_size)
    return len(swept), sum(swept)


def remove(leftovers: Iterable[Leftover]) -> int:
    """Remove them, the store's server stopped first; returns the bytes that were freed.

    A link is removed as a link: what it points to stays.
    """
    freed = 0
    for leftover in leftovers:
        if leftover.path.name == STORE[0]:
            _stop_server()
        if leftover.path.is_symlink():
            leftover.path.unlink()
        else:
            shutil.rmtree(leftover.path)
        freed += leftover.size
    return freed


def _present(what: str, names: tuple[str, ...]) -> list[Leftover]:
    paths = (outputs_root() / name for name in names)
    return [_leftover(what, path) for path in paths if path.is_dir()]


def _is_run(path: Path) -> bool:
    return path.is_dir() and any((path / mark).exists() for mark in MARKS)


def _leftover(what: str, path: Path) -> Leftover:
    return Leftover(what, path, 0 if path.is_symlink() else size_of(path))


def size_of(folder: Path) -> int:
    """Bytes of all files under `folder`; links are counted as links, not followed."""
    return sum(
        (Path(place) / name).lstat().st_size
        for place, _, names in os.walk(folder)
        for name in names
    )


def _stop_server() -> None:
    from helpers.data import local_s3

    local_s3.stop()
