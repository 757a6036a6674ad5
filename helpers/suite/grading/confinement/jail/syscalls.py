"""Refuses the system calls that no notebook needs and that attacks on a kernel begin with.

Not a wall that others rely on: where Linux has no such filter, or the processor is another one,
it is left out.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator

from helpers.suite.grading.confinement.jail import system

# Numbers that all architectures share: io_uring, the newer mount calls.
_NEW = (425, 428, 429, 430, 431, 432, 433, 442)
# From Linux's table of each architecture, in this order: ptrace, process_vm_readv,
# process_vm_writev; mount, umount2, pivot_root, open_by_handle_at; unshare, setns; bpf,
# userfaultfd, perf_event_open; keyctl, add_key, request_key; kexec_load, init_module,
# finit_module, delete_module.
_X86_64 = (101, 310, 311, 165, 166, 155, 304, 272, 308, 321)
_AARCH64 = (117, 270, 271, 40, 39, 41, 265, 97, 268, 280)
_REFUSED = {
    "x86_64": (*_X86_64, 323, 298, 250, 248, 249, 246, 175, 313, 176),
    "aarch64": (*_AARCH64, 282, 241, 219, 217, 218, 104, 105, 273, 106),
}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE, _CLONE3 = {"x86_64": 56, "aarch64": 220}, 435
_SECOND_TABLE = 0x40000000  # x86_64 offers its calls a second time from here on (x32)
# Berkeley packet filter: load a word, jump if equal / at least / any bit, return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _WHICH, _FIRST_ARGUMENT = 0, 4, 16  # places in Linux's struct seccomp_data
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_PR_SET_SECCOMP, _FILTER = 22, 2


def refuse() -> None:
    """Refuse these calls to this process and all its children, for good (no_new_privs is on).

    Raises OSError where Linux has no such filter.
    """
    machine = os.uname().machine
    if machine not in _REFUSED:
        return
    lines = b"".join(struct.pack("HBBI", *line) for line in _program(machine))
    code = ctypes.create_string_buffer(lines, len(lines))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(lines) // 8, ctypes.addressof(code))
    )
    system.control(_PR_SET_SECCOMP, _FILTER, ctypes.addressof(program))


def _program(machine: str) -> Iterator[tuple[int, int, int, int]]:
    """The filter's lines: code, lines to skip if true, if false, value."""
    no = (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    yield (_LOAD, 0, 0, _WHICH)
    yield (_EQUAL, 1, 0, _ARCHITECTURE[machine])
    yield no
    yield (_LOAD, 0, 0, _NUMBER)
    yield (_AT_LEAST, 0, 1, _SECOND_TABLE)
    yield no
    for number in (*_REFUSED[machine], *_NEW):
        yield (_EQUAL, 0, 1, number)
        yield no
    # The filter cannot see what clone3 asks for; without it the C library falls back on clone.
    yield (_EQUAL, 0, 1, _CLONE3)
    yield (_RETURN, 0, 0, _REFUSE | errno.ENOSYS)
    yield (_EQUAL, 0, 3, _CLONE[machine])
    yield (_LOAD, 0, 0, _FIRST_ARGUMENT)
    yield (_ANY_BIT, 0, 1, system.CLONE["user"])
    yield no
    yield (_RETURN, 0, 0, _ALLOW)
