"""The system enforces what it can of the limits; address space is not among it."""

from helpers.suite.grading.confinement.limits import Limits


def test_the_system_s_part_follows_the_limits() -> None:
    resources = Limits(processes=10, written_bytes=1000).resources()
    assert resources["NPROC"] > 10
    assert resources["FSIZE"] == 1000
    assert resources["CORE"] == 0


def test_address_space_is_free_since_tensorflow_reserves_much() -> None:
    assert not {"AS", "DATA", "RSS"} & set(Limits().resources())
