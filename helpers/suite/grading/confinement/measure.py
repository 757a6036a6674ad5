"""How much the processes of a submission use: resident memory, files on its desk."""

import contextlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

# A desk never needs folders this deep; deeper ones would only hide what lies in them.
_DEEPEST = 60


@dataclass
class Written:
    """Bytes and number of files; `hidden` when some could not be looked at."""

    size: int = 0
    files: int = 0
    hidden: bool = False


def tree(pid: int) -> list[psutil.Process]:
    """The process with that number and all below it that live; empty when it has ended."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def threads_of(user: int) -> int:
    """How many threads the processes of a user have in all."""
    count = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == user:
                count += process.num_threads()
    return count


def resident(processes: Iterable[psutil.Process], limit: int) -> int:
    """Bytes of memory that the processes hold together.

    Pages that several share are counted for each of them, which is quick; only where that sum
    passes `limit` they are counted once (Linux's proportional size, some milliseconds a GB).
    """
    living = list(processes)
    total = sum(_size(process, "rss") for process in living)
    return total if total <= limit else sum(_size(process, "pss") for process in living)


def _size(process: psutil.Process, kind: str) -> int:
    try:
        quick = process.memory_info().rss
        if kind == "rss":
            return quick
        with contextlib.suppress(psutil.AccessDenied):
            return getattr(process.memory_full_info(), kind, quick)
        return quick
    except psutil.Error:
        return 0


def written(folders: Iterable[Path], most_files: int) -> Written:
    """What lies in `folders`, by disk blocks; no link is followed, and counting stops in time."""
    found = Written()
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            _add_folder(place, found, most_files, _DEEPEST)
    return found


def _add_folder(place: int, found: Written, most_files: int, deeper: int) -> None:
    """Add what lies in the open folder `place`; by descriptors, so that no path can be too long."""
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                found.files += 1
                if found.files > most_files or found.hidden:
                    return
                _add_entry(place, entry, found, most_files, deeper)
    finally:
        os.close(place)


def _add_entry(
    place: int, entry: os.DirEntry, found: Written, most_files: int, deeper: int
) -> None:
    try:
        found.size += entry.stat(follow_symlinks=False).st_blocks * 512
        if entry.is_dir(follow_symlinks=False):
            if not deeper:
                found.hidden = True
                return
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            below = os.open(entry.name, flags, dir_fd=place)
            _add_folder(below, found, most_files, deeper - 1)
    except PermissionError:
        found.hidden = True
    except OSError:
        return  # gone meanwhile


def unlinked(processes: Sequence[psutil.Process]) -> int:
    """Bytes in files that have no name but are held open: deleted ones, and memory files."""
    sizes = {}
    for process in processes:
        with contextlib.suppress(OSError):
            for entry in Path(f"/proc/{process.pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    state = entry.stat()
                    if stat.S_ISREG(state.st_mode) and state.st_nlink == 0:
                        sizes[state.st_dev, state.st_ino] = state.st_blocks * 512
    return sum(sizes.values())
