"""The jail's second process, the nurse: prepares the inside, starts the command, ends what is left.

In a pid namespace it is process 1 of the submission: when it ends, Linux ends whatever still
runs. Without one it ends that itself.
"""

import contextlib
import fcntl
import os
import signal
import socket
import struct
import time
from pathlib import Path

from helpers.suite.grading.confinement.jail import newroot, system
from helpers.suite.grading.confinement.jail.command import LINUX, become, refuse
from helpers.suite.grading.confinement.jail.plan import NO_WALL, Plan

SWEEP_SECONDS = 5.0


def nurse(plan: Plan, report: int, outbox: int) -> None:
    """Prepare the inside, start the command, pass its end on to the warden; never returns."""
    try:
        if LINUX:
            system.control(system.PR_SET_PDEATHSIG, signal.SIGKILL)
            system.control(system.PR_SET_CHILD_SUBREAPER, 1)
        _prepare_inside(plan)
    except OSError as error:
        os.write(outbox, str(NO_WALL).encode())
        refuse(error)
    child = os.fork()
    if child == 0:
        become(plan, report)
    if report >= 0:
        os.close(report)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, lambda *_: os.kill(child, signal.SIGINT))
    signal.signal(signal.SIGTERM, lambda *_: _sweep_and_leave(plan))
    os.write(outbox, str(_wait_for(child)).encode())
    _sweep_and_leave(plan)


def _prepare_inside(plan: Plan) -> None:
    if "mount" in plan.namespaces:
        newroot.enter(plan.readable, plan.writable)
    if "net" in plan.namespaces:
        _raise_loopback()
    if "ipc" in plan.namespaces:
        # Shared memory that nobody has attached is in no process's size: keep it small.
        with contextlib.suppress(OSError):
            Path("/proc/sys/kernel/shmall").write_text("16384")


def _raise_loopback() -> None:
    """127.0.0.1 of the new network namespace, for the submission's own store."""
    name, up, get, set_ = b"lo", 1, 0x8913, 0x8914
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        found = fcntl.ioctl(plug, get, struct.pack("16sH14x", name, 0))
        (flags,) = struct.unpack_from("H", found, 16)
        fcntl.ioctl(plug, set_, struct.pack("16sH14x", name, flags | up))


def _wait_for(child: int) -> int:
    """Exit code of `child`, negative for a signal; reaps every orphan on the way."""
    while True:
        pid, state = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(state)


def _sweep_and_leave(plan: Plan) -> None:
    """End every process that is left below us, then ourselves.

    In a pid namespace our own end does it. Elsewhere all orphans are our children (we are their
    subreaper), so nothing is left once there is no child to wait for.
    """
    if "pid" in plan.namespaces:
        os._exit(0)
    deadline = time.monotonic() + SWEEP_SECONDS
    while time.monotonic() < deadline:
        _kill_all(plan.user)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        time.sleep(0.01)
    os._exit(0)


def _kill_all(user: int | None) -> None:
    """Kill by user where the submission has one of its own (no fork escapes that), else by tree."""
    if user is not None:
        killer = os.fork()
        if killer == 0:
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
            os._exit(0)
        return
    below = _descendants()
    for number in (signal.SIGSTOP, signal.SIGKILL):  # stopped first: it cannot fork meanwhile
        for pid in below:
            with contextlib.suppress(OSError):
                os.kill(pid, number)


def _descendants() -> list[int]:
    """Numbers of all processes below this one, from /proc (none where there is no /proc)."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
    found = {os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return sorted(found - {os.getpid()})
        found |= more
