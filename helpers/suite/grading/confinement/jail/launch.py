"""The jail's first process, the warden: stays outside, and ends the submission when told to.

It starts the nurse (inside), which starts the command. It watches that the grader lives, and
leaves with the command's exit code or signal.
"""

import contextlib
import os
import resource
import select
import shutil
import signal
import time
from pathlib import Path
from types import FrameType

from helpers.suite.grading.confinement.jail import system
from helpers.suite.grading.confinement.jail.command import refuse
from helpers.suite.grading.confinement.jail.nurse import SWEEP_SECONDS, nurse
from helpers.suite.grading.confinement.jail.plan import Plan

_LOOK_SECONDS = 0.5  # how soon the warden notices that the grader is gone


def main(path: str) -> None:
    """Start what the plan at `path` says; never returns."""
    grader = os.getppid()
    plan = Plan.read(Path(path))
    os.umask(0o022)
    bell = _bell()
    try:
        report = os.open(plan.report, os.O_WRONLY | os.O_NONBLOCK) if plan.report else -1
        _leave_namespaces(plan)
    except OSError as error:
        refuse(error)
    inbox, outbox = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(inbox)
        nurse(plan, report, outbox)
    os.close(outbox)
    if report >= 0:
        os.close(report)
    _watch(child, grader, bell, atomic="pid" in plan.namespaces)
    if plan.room and os.getppid() != grader:
        shutil.rmtree(plan.room, ignore_errors=True)
    _leave_like(os.read(inbox, 16).decode())


def _bell() -> int:
    """A descriptor that is readable once a signal arrived; the signals do nothing else."""
    heard, rings = os.pipe()
    for end in (heard, rings):
        os.set_blocking(end, False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _nothing)
    signal.set_wakeup_fd(rings, warn_on_full_buffer=False)
    return heard


def _nothing(number: int, frame: FrameType | None) -> None:
    """The bell has rung; the loop looks what for."""


def _leave_namespaces(plan: Plan) -> None:
    if not plan.namespaces:
        return
    # The mount namespace is the nurse's to leave: the warden keeps seeing the files as they are.
    flags = sum(system.CLONE[name] for name in plan.namespaces if name != "mount")
    user, group = os.getuid(), os.getgid()
    if user == 0:
        system.unshare(flags)
        return
    system.unshare(flags | system.CLONE["user"])
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _watch(nurse: int, grader: int, bell: int, *, atomic: bool) -> None:
    """Wait until the nurse has ended; end it when told to, or when the grader is gone."""
    asked = 0.0
    while os.waitpid(nurse, os.WNOHANG)[0] == 0:
        select.select([bell], [], [], _LOOK_SECONDS)
        rung = b""
        with contextlib.suppress(BlockingIOError):
            rung = os.read(bell, 64)
        if not asked and (signal.SIGTERM in rung or os.getppid() != grader):
            asked = time.monotonic()
            os.kill(nurse, signal.SIGKILL if atomic else signal.SIGTERM)
        elif asked and time.monotonic() - asked > SWEEP_SECONDS + 1:
            os.kill(nurse, signal.SIGKILL)


def _leave_like(answer: str) -> None:
    """End as the command did: `7` leaves with that code, `-9` dies of that signal."""
    code = int(answer or -signal.SIGKILL)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError, ValueError):  # SIGKILL needs no default handler
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)
