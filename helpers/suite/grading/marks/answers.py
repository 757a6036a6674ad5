"""The answers a submission left, read as plain data only: JSON, CSV, and arrays never pickled."""

import json
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from helpers.suite.exercises.handin import KINDS, MOST_BYTES, TASK


class MissingAnswerError(AssertionError, KeyError):
    """The task was not handed in; its sentence is for the student."""

    def __str__(self) -> str:
        """The sentence itself (a KeyError would show it in quotes)."""
        return str(self.args[0])


class Answers(Mapping[str, Any]):
    """Task -> value, each read when asked for.

    A file that is no regular file, too large or damaged is an AssertionError with a sentence, as
    is a task that was not handed in: to a hidden test both are a check not passed.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def __getitem__(self, task: str) -> Any:
        """The value of one task; AssertionError with a sentence where there is none."""
        if not TASK.fullmatch(task):
            raise MissingAnswerError(f"{task!r} is no task.")
        path = self._path(task)
        if path is None:
            raise MissingAnswerError(f"The answer to {task} was not handed in.")
        try:
            return READERS[path.suffix](path)
        except (ValueError, OSError, RecursionError, MemoryError, TypeError) as error:
            words = " ".join(str(error).split())[:120]
            raise AssertionError(f"The answer to {task} cannot be read ({words}).") from error

    def __iter__(self) -> Iterator[str]:
        """The tasks handed in, in their order."""
        names = {path.stem for path in self._folder_files() if path.suffix in KINDS}
        return iter(sorted(name for name in names if TASK.fullmatch(name)))

    def __len__(self) -> int:
        """How many tasks were handed in."""
        return sum(1 for _ in self)

    def _folder_files(self) -> list[Path]:
        real = not self.folder.is_symlink() and self.folder.is_dir()
        return list(self.folder.iterdir()) if real else []

    def _path(self, task: str) -> Path | None:
        """The file of a task: a link, a pipe or a folder is no answer."""
        present = set(self._folder_files())
        for path in (self.folder / f"{task}{kind}" for kind in KINDS):
            if path in present and _is_plain(path):
                return path
        return None


def _is_plain(path: Path) -> bool:
    facts = path.lstat()
    return stat.S_ISREG(facts.st_mode) and facts.st_size <= MOST_BYTES


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _read_array(path: Path) -> Any:
    import numpy as np

    with path.open("rb") as file:
        return np.load(file, allow_pickle=False)


def _read_table(path: Path) -> Any:
    import pandas as pd

    return pd.read_csv(path)


READERS = {".json": _read_json, ".npy": _read_array, ".csv": _read_table}
