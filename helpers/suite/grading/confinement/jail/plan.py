"""What the jail is told: which walls to raise, what stays visible, which command to run."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

# The Linux namespaces that one submission gets for itself.
NAMESPACES = ("mount", "pid", "net", "ipc")
# Exit code of the jail when a wall it was told to raise did not hold: nothing was started.
NO_WALL = 125


@dataclass(frozen=True)
class Plan:
    """One start of one kernel.

    user: number of the user (and group) that the command runs as, None to stay who we are.
    namespaces: a choice of NAMESPACES; with `mount`, only `readable` and `writable` exist at all.
    landlock: version of the kernel's Landlock to use, 0 for none.
    ports: TCP ports open to it where it shares our network and Landlock can close the others.
    resources: limits by the names of the module `resource` without `RLIMIT_`.
    report: a named pipe that the command may write to, through descriptor REPORT; or empty.
    room: a folder to remove if the grader is gone and cannot do it; or empty.
    """

    command: tuple[str, ...]
    folder: str
    environment: dict[str, str] = field(default_factory=dict)
    user: int | None = None
    namespaces: tuple[str, ...] = ()
    landlock: int = 0
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    resources: dict[str, int] = field(default_factory=dict)
    report: str = ""
    room: str = ""

    def write(self, path: Path) -> None:
        """Store the plan as JSON for the jail to read."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """The plan that `write` stored."""
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{name: _frozen(value) for name, value in data.items()})


# The descriptor under which the command finds its report pipe.
REPORT = 3


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
