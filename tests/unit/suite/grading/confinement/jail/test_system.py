"""A system call that is refused is an OSError that says what was tried."""

import errno

import pytest

from helpers.suite.grading.confinement.jail import system


def test_a_refusal_is_an_error_with_its_number() -> None:
    with pytest.raises(OSError, match="mount /nowhere") as refused:
        system.mount("none", "/nowhere", "tmpfs", 0)
    assert refused.value.errno in (errno.ENOENT, errno.EPERM)


def test_an_unknown_system_call_is_an_error() -> None:
    with pytest.raises(OSError, match="system call 9999"):
        system.call(9999)
