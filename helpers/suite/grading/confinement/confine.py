"""One submission's confinement: turns walls, desk and limits into the plan for each kernel."""

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.suite.grading.confinement.desk import HOME, Desk
from helpers.suite.grading.confinement.jail.plan import Plan
from helpers.suite.grading.confinement.limits import Limits
from helpers.suite.grading.confinement.measure import threads_of
from helpers.suite.grading.confinement.walls import Walls, visible_paths

# Places that programs of any kind look at; not worth a word in the report.
_COMMONPLACE = ("/proc", "/sys", "/dev")


@dataclass(frozen=True)
class Confinement:
    """How one submission is confined: as which user, behind which walls, at which desk.

    readable: what it may read besides the system, Python and the suite; port: the one for its own
    store where it shares our network (`store_port`), else 0.
    """

    walls: Walls
    user: int | None
    desk: Desk
    limits: Limits
    readable: tuple[Path, ...] = ()
    port: int = 0

    def room(self, name: str) -> "Room":
        """A private folder for one kernel's connection, made now."""
        folder = Path(tempfile.mkdtemp(prefix=f"cxr-{name[:8]}-"))
        folder.chmod(0o711)
        os.mkfifo(folder / "report", 0o600)
        room = Room(folder, os.open(folder / "report", os.O_RDONLY | os.O_NONBLOCK))
        room.ipc.mkdir(mode=0o700)
        if self.user is not None:
            os.chown(room.ipc, self.user, self.user)
        return room

    def plan(self, room: "Room", command: Sequence[str]) -> Plan:
        """The plan to start `command`, a kernel that talks through `room`."""
        readable = (*visible_paths(), *map(str, self.readable), str(room.connection_file))
        writable = (*map(str, self.desk.writable()), str(room.ipc))
        return Plan(
            command=tuple(command),
            folder=str(self.desk.folder / HOME),
            environment=self._environment((*readable, *writable, *_COMMONPLACE)),
            user=self.user,
            namespaces=self.walls.namespaces,
            landlock=self.walls.landlock,
            readable=readable,
            writable=writable,
            ports=(self.port,) if self.port else (),
            resources=self._resources(),
            report=str(room.folder / "report"),
            room=str(room.folder),
        )

    def _resources(self) -> dict[str, int]:
        """The system counts processes by user: without a user of its own, ours count as well."""
        resources = self.limits.resources()
        if self.user is None:
            resources["NPROC"] += threads_of(os.getuid())
        return resources

    def _environment(self, visible: Sequence[str]) -> dict[str, str]:
        """Made from nothing: no credential of the grader's can be forgotten in it."""
        threads = dict.fromkeys(_THREADS, str(self.limits.threads))
        path = os.pathsep.join((str(Path(sys.executable).parent), "/usr/bin", "/bin"))
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {"PATH": path, "CXR_VISIBLE": json.dumps(visible)}
        return kept | _FIXED | threads | self.desk.environment() | own


def store_port(walls: Walls) -> int:
    """A free port for a submission's own store, where Landlock has to open one; else 0."""
    if "net" in walls.namespaces or not walls.landlock:
        return 0
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return plug.getsockname()[1]


@dataclass(frozen=True)
class Room:
    """Folder of one kernel: the sockets it talks through (`ipc`), its connection file, its plan.

    report: our end of the pipe `report`, open before the kernel opens the other one.
    """

    folder: Path
    report: int

    @property
    def ipc(self) -> Path:
        """The kernel's own folder, for its sockets."""
        return self.folder / "ipc"

    @property
    def connection_file(self) -> Path:
        """Where Jupyter writes how to talk to the kernel."""
        return self.folder / "kernel.json"

    def remove(self) -> None:
        """Take the folder away; links in it are removed, not followed."""
        os.close(self.report)
        shutil.rmtree(self.folder, ignore_errors=True)


_KEPT = ("LD_LIBRARY_PATH", "TZ")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
_THREADS += ("TF_NUM_INTEROP_THREADS",)
_FIXED = {
    "LANG": "C.UTF-8",
    "USER": "student",
    "LOGNAME": "student",
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "AWS_EC2_METADATA_DISABLED": "true",
}
