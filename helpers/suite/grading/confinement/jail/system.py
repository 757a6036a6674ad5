"""The few Linux system calls that Python's standard library lacks, by ctypes."""

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)

# From Linux's sched.h, mount.h and prctl.h.
CLONE = {"mount": 0x20000, "ipc": 0x08000000, "user": 0x10000000, "pid": 0x20000000}
CLONE["net"] = 0x40000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, PRIVATE = 32, 4096, 16384, 1 << 18
DETACH = 2
PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 28, 36, 38
ROOT_IS_NOBODY = 0b11  # user 0 gets no capabilities from starting a program, and keeps it so
# System calls with the same number on every architecture.
MOUNT_SETATTR, LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 442, 444, 445, 446
_HERE, _WHOLE_TREE, _EMPTY_PATH = -100, 0x8000, 0x1000


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "namespace")]


def check(result: int, what: str) -> int:
    """`result`, unless it is the C library's -1: then the OSError, with `what` was tried."""
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def call(number: int, *arguments: object) -> int:
    """A system call by its number; OSError when the system refuses."""
    _libc.syscall.restype = ctypes.c_long
    return check(_libc.syscall(ctypes.c_long(number), *arguments), f"system call {number}")


def unshare(flags: int) -> None:
    """Leave the namespaces of `flags` (the pid namespace only takes hold of later children)."""
    check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """Mount `source` (of file system `kind`) at `target`."""
    names = [word.encode() or None for word in (source, target, kind)]
    result = _libc.mount(*names, ctypes.c_ulong(flags), data.encode() or None)
    check(result, f"mount {target}")


def make_read_only(path: str) -> None:
    """Make the mount at `path`, with all mounts below it where Linux can (5.12), read-only."""
    wanted = _MountAttributes(set=READ_ONLY | NO_SUID | NO_DEVICES)
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    folder = ctypes.c_char_p(path.encode())
    try:
        call(MOUNT_SETATTR, _HERE, folder, _WHOLE_TREE, ctypes.byref(wanted), size)
    except OSError:
        mount("", path, "", BIND | REMOUNT | READ_ONLY | NO_SUID | NO_DEVICES)


def enter_root(folder: str) -> None:
    """Make `folder`, a mount point, the root directory and let go of the old one."""
    os.chdir(folder)
    check(_libc.pivot_root(b".", b"."), "pivot_root")
    check(_libc.umount2(b".", DETACH), "umount2")
    os.chdir("/")


def control(option: int, value: int, more: int = 0) -> None:
    """One of Linux's per-process switches (prctl)."""
    words = (ctypes.c_ulong(word) for word in (value, more, 0, 0))
    check(_libc.prctl(option, *words), f"prctl {option}")
