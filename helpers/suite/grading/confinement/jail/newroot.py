"""A file system of its own for one submission: nothing exists in it but what the plan names."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from helpers.suite.grading.confinement.jail import system
from helpers.suite.grading.confinement.jail.system import (
    BIND,
    NO_DEVICES,
    NO_EXEC,
    NO_SUID,
    RECURSIVE,
)

DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom"))
# Put together at a folder that is everywhere; only this mount namespace sees it there.
_ROOT = "/tmp"  # noqa: S108
SCRATCH = ("/tmp", "/dev/shm")  # noqa: S108 - small, and gone with the namespace
_SMALL = "size=64m,nr_inodes=20000,mode="


def enter(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Take a mount namespace of our own, whose root holds these paths only.

    Every path keeps its place. Besides them there are /dev with harmless devices, /proc with the
    processes of this pid namespace, and small /tmp and /dev/shm.
    """
    system.unshare(system.CLONE["mount"])
    system.mount("", "/", "", RECURSIVE | system.PRIVATE)
    # Held open from here on, since the new root will lie over some of these paths.
    seen = [(path, _hold(path)) for path in outermost(readable) if Path(path).exists()]
    changed = [(path, _hold(path)) for path in sorted(writable)]
    devices = [(path, _hold(path)) for path in DEVICES]
    links = {path: Path(path).readlink() for path, _ in seen if Path(path).is_symlink()}
    processes = _hold("/proc")
    _mount_scratch()
    for path, place in seen:
        if path in links:
            Path(_ROOT + path).symlink_to(links[path])
        else:
            _show(place, path)
            system.make_read_only(_ROOT + path)
    for path, place in (*changed, *devices):
        _show(place, path)
    _show_processes(processes)
    for place in (processes, *(place for _, place in (*seen, *changed, *devices))):
        os.close(place)
    system.enter_root(_ROOT)
    flags = system.REMOUNT | BIND | system.READ_ONLY | NO_SUID | NO_DEVICES
    system.mount("", "/", "", flags)


def outermost(paths: Iterable[str]) -> Iterator[str]:
    """`paths` in order, without those that lie below another one."""
    last = None
    for path in sorted(set(paths), key=lambda path: path.rstrip("/") + "/"):
        if last is None or not path.startswith(last + "/"):
            last = path
            yield path


def _hold(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def _mount_scratch() -> None:
    system.mount("none", _ROOT, "tmpfs", NO_SUID | NO_DEVICES, _SMALL + "755")
    for folder in SCRATCH:
        Path(_ROOT + folder).mkdir(parents=True, exist_ok=True)
        system.mount("none", _ROOT + folder, "tmpfs", NO_SUID | NO_DEVICES, _SMALL + "1777")


def _show(place: int, path: str) -> None:
    """Make what `place` holds open appear in the new root at `path`."""
    source, target = Path(f"/proc/self/fd/{place}"), Path(_ROOT + path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        target.mkdir(exist_ok=True)
    elif not target.exists():
        target.touch(0o644)
    system.mount(str(source), str(target), "", BIND | RECURSIVE)


def _show_processes(outside: int) -> None:
    """/proc of this pid namespace; where mounting it is refused (in Docker), the one outside."""
    Path(_ROOT + "/proc").mkdir()
    try:
        system.mount("proc", _ROOT + "/proc", "proc", NO_SUID | NO_DEVICES | NO_EXEC)
    except OSError:
        _show(outside, "/proc")
