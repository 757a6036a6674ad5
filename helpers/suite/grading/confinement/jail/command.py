"""The jail's third process: gives up all it does not need and becomes the command."""

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path

from helpers.suite.grading.confinement.jail import landlock, newroot, syscalls, system
from helpers.suite.grading.confinement.jail.plan import NO_WALL, REPORT, Plan

LINUX = sys.platform == "linux"
_NICE = 5  # however many processes it starts, the watch comes first


def refuse(error: OSError) -> None:
    """A wall did not hold: say which, and start nothing."""
    os.write(2, f"{error}\n".encode())
    os._exit(NO_WALL)


def become(plan: Plan, report: int) -> None:
    """Turn into the command, with every wall of the plan up; never returns."""
    complaints = os.dup(2)  # closed by the command's start, since Python's descriptors are
    try:
        os.setsid()
        _take_descriptors(report)
        _limit(plan)
        _give_up_power(plan)
        os.chdir(plan.folder)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.execve(plan.command[0], plan.command, plan.environment)  # noqa: S606 - no shell wanted
    except OSError as error:
        os.dup2(complaints, 2)
        refuse(error)


def _give_up_power(plan: Plan) -> None:
    """Another user, no way back to more rights, and only the plan's part of the file system."""
    if plan.user is not None:
        os.setgroups([])
        os.setresgid(plan.user, plan.user, plan.user)
        os.setresuid(plan.user, plan.user, plan.user)
    if not LINUX:
        return
    system.control(system.PR_SET_NO_NEW_PRIVS, 1)
    if os.getuid() == 0:
        system.control(system.PR_SET_SECUREBITS, system.ROOT_IS_NOBODY)
    if plan.landlock:
        own = newroot.SCRATCH if "mount" in plan.namespaces else ()
        ports = None if "net" in plan.namespaces else plan.ports
        # /proc too: Landlock itself keeps processes outside from being looked into.
        readable, writable = (*plan.readable, "/proc"), (*plan.writable, *newroot.DEVICES, *own)
        landlock.restrict(plan.landlock, readable, writable, ports)
    with contextlib.suppress(OSError):  # the walls do not rest on it
        syscalls.refuse()


def _take_descriptors(report: int) -> None:
    """No descriptor of the grader's: nothing to read, nothing to write, and the report pipe."""
    if report >= 0 and report != REPORT:
        os.dup2(report, REPORT)
    elif report >= 0:
        os.set_inheritable(REPORT, True)
    silence = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silence, number)


def _limit(plan: Plan) -> None:
    for name, value in plan.resources.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    os.nice(_NICE)
    with contextlib.suppress(OSError):  # if memory runs out after all, Linux ends this one first
        Path("/proc/self/oom_score_adj").write_text("1000")
