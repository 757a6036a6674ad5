"""A user number for each submission that runs now, where the grader is root."""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from helpers.core.errors import SuiteError
from helpers.suite.grading.confinement.walls import FIRST_USER, LAST_USER, Walls


@contextlib.contextmanager
def own_user(walls: Walls) -> Iterator[int | None]:
    """A user number that nobody else uses meanwhile, or None without the wall `other_user`.

    Raises SuiteError when all numbers are taken.
    """
    if not walls.other_user:
        yield None
        return
    folder = _lock_folder()
    for user in range(FIRST_USER, LAST_USER + 1):
        with (folder / str(user)).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            end_processes_of(user)  # a grader that was killed may have left some
            yield user
            end_processes_of(user)
            return
    raise SuiteError("More submissions run at once than there are users for; lower --jobs.")


def end_processes_of(user: int) -> None:
    """Kill whatever still runs as `user`."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == user:
                process.kill()


def _lock_folder() -> Path:
    """A folder that only this user can write to; the system frees locks of a killed grader."""
    parent = Path("/run") if os.access("/run", os.W_OK) else Path(tempfile.gettempdir())
    folder = parent / "cxr-grade-users"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise SuiteError(f"{folder} is not a folder of this user alone; remove it and try again.")
    return folder
