"""What a kernel reported to have tried, turned into flags: a sentence for each that matters."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

MOST_FLAGS = 50
_MOST_BYTES = 2**20
_MOST_NAMES = 1000


class Reports:
    """Collects report lines of one submission, notebook by notebook.

    protected: what nobody but the grader may touch: files, or folders with all in them.
    """

    def __init__(self, protected: Iterable[Path]):
        paths = [place for path in protected for place in (path.absolute(), path.resolve())]
        self._protected = tuple(dict.fromkeys(map(str, paths)))
        self._names = frozenset(_file_names(paths))
        self._notebook = ""
        self._rest = b""
        self._taken = 0
        self._flags: dict[str, None] = {}

    def begin(self, notebook: str) -> None:
        """What comes from here on is `notebook`'s."""
        self._notebook, self._rest = notebook, b""

    def add(self, data: bytes) -> None:
        """Take in what the pipe held; the submission wrote it, so anything may stand there."""
        self._taken += len(data)
        if self._taken > _MOST_BYTES:
            self.flag("filled its report channel, so attempts may be missing here")
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._add_line(line)

    def flag(self, what: str) -> None:
        """Note that the current notebook did `what`."""
        if len(self._flags) < MOST_FLAGS:
            self._flags[f"{self._notebook} {what}."] = None

    def flags(self) -> tuple[str, ...]:
        """The flags so far, each once."""
        return tuple(self._flags)

    def _add_line(self, line: bytes) -> None:
        try:
            kind, text = json.loads(line)
            text = str(text)
        except (ValueError, TypeError, RecursionError):
            return
        if kind == "path" and self._is_protected(text):
            self.flag(f"tried to reach {_shown(text)}")
        elif kind == "command" and self._names_protected(text):
            self.flag(f"ran a command on {_shown(text)}")
        elif kind == "host":
            self.flag(f"tried to reach the network at {_shown(text)}")

    def _is_protected(self, path: str) -> bool:
        """Below a protected path, or a file of the same name looked for somewhere else."""
        below = any(path == own or path.startswith(f"{own}/") for own in self._protected)
        return below or Path(path).name in self._names

    def _names_protected(self, command: str) -> bool:
        return any(word in command for word in (*self._protected, *self._names))


def _shown(text: str) -> str:
    """Text from outside, on one line."""
    return repr(text)


def _file_names(paths: Sequence[Path]) -> Iterable[str]:
    """Names of the protected files, of those directly in a protected folder too."""
    for path in paths:
        if path.is_file():
            yield path.name
        elif path.is_dir():
            files = (entry.name for entry in path.iterdir() if entry.is_file())
            yield from (name for name, _ in zip(files, range(_MOST_NAMES), strict=False))
