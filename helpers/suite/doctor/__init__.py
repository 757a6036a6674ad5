"""What this machine offers the suite, what is missing, and what to do about it."""

from collections.abc import Callable

from helpers.suite.doctor import grading, machine, software
from helpers.suite.doctor.check import Check

# In the order of the table: what everything needs first, what only some uses need last.
CHECKS: tuple[Callable[[], Check], ...] = (
    software.python,
    software.environment,
    software.tensorflow,
    software.opencv,
    machine.gpu,
    machine.memory,
    machine.disk,
    software.store,
    software.uploads,
    machine.browser,
    machine.studio_lab,
    grading.grading,
)


def examine() -> list[Check]:
    """Every check once, in order; none of them imports TensorFlow or starts a server."""
    return [check() for check in CHECKS]
