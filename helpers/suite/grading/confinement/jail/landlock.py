"""Landlock: Linux's way for a process to give up, for good, what it and its children may touch."""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from helpers.suite.grading.confinement.jail import system

# Rights by bit, from Linux's landlock.h; a version knows the bits below its entry in _KNOWN.
_EXECUTE, _READ_FILE, _READ_FOLDER = 1 << 0, 1 << 2, 1 << 3
_ON_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
_MAKE_DEVICES = 1 << 6 | 1 << 11
_KNOWN = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
READ = _EXECUTE | _READ_FILE | _READ_FOLDER
_BIND_AND_CONNECT = 0b11
_SOCKETS_AND_SIGNALS = 0b11
_PATH_RULE, _PORT_RULE = 1, 2


def version() -> int:
    """The version of this kernel's Landlock; 0 where there is none."""
    try:
        return system.call(system.LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    except (OSError, AttributeError):
        return 0


def restrict(
    level: int,
    readable: Iterable[str],
    writable: Iterable[str],
    ports: Iterable[int] | None = None,
) -> None:
    """Leave this process and its children only `readable` and `writable` of the file system.

    level: Landlock version to use. From 4 on, TCP is closed but for `ports` (None: left open);
    from 6 on, no signal and no abstract socket reaches a process outside.
    """
    files = (1 << _KNOWN[min(level, 5)]) - 1
    network = _BIND_AND_CONNECT if level >= 4 and ports is not None else 0
    scoped = _SOCKETS_AND_SIGNALS if level >= 6 else 0
    attributes = struct.pack("QQQ", files, network, scoped)
    size = ctypes.c_size_t({1: 8, 2: 8, 3: 8, 4: 16, 5: 16}.get(level, 24))
    rules = system.call(system.LANDLOCK_CREATE, attributes, size, 0)
    for path in readable:
        _allow_path(rules, path, READ & files)
    for path in writable:
        _allow_path(rules, path, files & ~_MAKE_DEVICES)
    for port in ports or () if network else ():
        _add(rules, _PORT_RULE, struct.pack("QQ", network, port))
    system.call(system.LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def _allow_path(rules: int, path: str, rights: int) -> None:
    """Allow `rights` below `path`; a path that is not there needs no rule."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not Path(path).is_dir():
        rights &= _ON_FILES
    _add(rules, _PATH_RULE, struct.pack("=Qi", rights, place))
    os.close(place)


def _add(rules: int, kind: int, rule: bytes) -> None:
    system.call(system.LANDLOCK_ADD, rules, kind, rule, 0)
