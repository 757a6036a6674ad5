"""Which walls this machine can put around a submission, tried out; what is weaker without them."""

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.core.runs import PROJECT
from helpers.suite.grading.confinement.jail.plan import NAMESPACES, Plan

# Numbers that no distribution gives to people or services (systemd's table of user numbers).
FIRST_USER, LAST_USER = 60_600, 61_100
_TRIAL_SECONDS = 30
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store")
# Of /etc only what programs need: the rest may tell secrets to the user the grader is.
_SETTINGS = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "hosts", "fonts")
_SETTINGS += ("nsswitch.conf", "passwd", "group", "protocols", "services", "alternatives")
_SETTINGS += ("ssl/certs", "ssl/openssl.cnf", "mime.types", "os-release")
_PROCESSORS = "/sys/devices/system/cpu"


@dataclass(frozen=True)
class Walls:
    """What confines a submission.

    other_user: it runs as a user of its own; namespaces: a choice of NAMESPACES that it has for
    itself; landlock: version of Landlock, 0 for none. Process limits and the watch are always on.
    """

    other_user: bool = False
    namespaces: tuple[str, ...] = ()
    landlock: int = 0

    def command(self, plan: Path) -> list[str]:
        """How to start the jail; it starts bare (`-I -S`), in 40 ms, whatever is installed."""
        code = f"import sys; sys.path[:0] = [{str(PROJECT)!r}]; "
        code += "from helpers.suite.grading.confinement.jail.launch import main; main(sys.argv[1])"
        return [sys.executable, "-I", "-S", "-c", code, str(plan)]


@functools.cache
def find_walls() -> Walls:
    """The strongest walls that hold on this machine, each tried out by a real start."""
    if sys.platform != "linux":
        return Walls(other_user=os.name == "posix" and _holds(Walls(other_user=True)))
    from helpers.suite.grading.confinement.jail import landlock

    return next((walls for walls in _candidates(landlock.version()) if _holds(walls)), Walls())


def _candidates(landlock: int) -> Iterator[Walls]:
    users = (True, False) if os.geteuid() == 0 else (False,)
    for namespaces in (NAMESPACES, ("pid", "net", "ipc"), ()):
        for level in sorted({landlock, 0}, reverse=True):
            for other_user in users:
                yield Walls(other_user, namespaces, level)


def _holds(walls: Walls) -> bool:
    """Whether Python starts behind these walls."""
    with tempfile.TemporaryDirectory(prefix="cxr-") as folder:
        Path(folder).chmod(0o755)
        plan = Plan(
            command=(sys.executable, "-P", "-c", "import json"),
            folder="/",
            user=FIRST_USER if walls.other_user else None,
            namespaces=walls.namespaces,
            landlock=walls.landlock,
            readable=visible_paths(),
        )
        path = Path(folder) / "plan.json"
        plan.write(path)
        try:
            done = subprocess.run(
                walls.command(path), capture_output=True, timeout=_TRIAL_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0


def visible_paths() -> tuple[str, ...]:
    """What every submission may read: the system's programs, this Python and our helpers.

    Not the checkout as a whole: rubrics, tests and other people's runs lie in it.
    """
    python = Path(sys.executable)
    own = (sys.prefix, sys.base_prefix, python.parent, python.resolve().parent, PROJECT / "helpers")
    settings = (Path("/etc", name) for name in _SETTINGS)
    paths = [*map(Path, _SYSTEM), *settings, *map(Path, own), Path(_PROCESSORS)]
    both = [place for path in paths if path.exists() for place in (path, path.resolve())]
    return tuple(dict.fromkeys(map(str, both)))


def isolation(walls: Walls | None = None) -> list[str]:
    """What holds here, a sentence each, and one on what is weaker if anything is."""
    walls = find_walls() if walls is None else walls
    last = weaker(walls)
    return [*holds(walls), *([last] if last else [])]


def holds(walls: Walls) -> Iterator[str]:
    """What these walls keep from a submission, a sentence each."""
    yield (
        "Each submission runs with limits for time, memory, processes, files and output, and with "
        "no credentials in its environment."
    )
    if walls.other_user:
        yield "Each submission runs as a user of its own."
    if "mount" in walls.namespaces:
        yield "Each submission sees a file system with only its own desk, Python and the suite."
    elif walls.landlock:
        yield "Landlock leaves each submission only its own desk, Python and the suite."
    if "net" in walls.namespaces:
        yield "Each submission has no network but a loopback of its own."


def weaker(walls: Walls) -> str:
    """What these walls do not keep from a submission, in one sentence; empty if nothing."""
    clauses = "; ".join(_gaps(walls))
    absent = [name for name in NAMESPACES if name not in walls.namespaces]
    missing = [f"{'/'.join(absent)} namespaces"] if absent else []
    missing += ["Landlock"] if not walls.landlock else []
    return f"Weaker here, for want of {' and '.join(missing)}: {clauses}." if clauses else ""


def _gaps(walls: Walls) -> Iterator[str]:
    if not walls.landlock and "mount" not in walls.namespaces:
        whom = "anyone" if walls.other_user else "you"
        yield f"a submission can read what {whom} can read, hidden tests and other work included"
    if walls.landlock and "mount" not in walls.namespaces:
        yield "a submission has no shared memory, so locks of multiprocessing are refused to it"
    if "mount" not in walls.namespaces:
        yield "sockets of local programs, Docker's for one, are open to it if they are to the user"
    if "net" not in walls.namespaces:
        yield "UDP is open to it" if walls.landlock >= 4 else "the network is open to it"
    if "pid" not in walls.namespaces and walls.landlock < 6 and not walls.other_user:
        yield "it can send signals to your other processes, the grader included"
