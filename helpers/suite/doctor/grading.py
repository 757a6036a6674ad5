"""What `cxr doctor` says about grading: how well a submission is confined on this machine."""

from helpers.suite.doctor.check import Check
from helpers.suite.grading.confinement.walls import Walls, find_walls, weaker


def grading(walls: Walls | None = None) -> Check:
    """Which walls hold here (tried out, 0.1 s), and what is weaker for want of one."""
    walls = find_walls() if walls is None else walls
    names = ["a user of its own"] if walls.other_user else []
    names += [f"{'/'.join(walls.namespaces)} namespaces"] if walls.namespaces else []
    names += [f"Landlock {walls.landlock}"] if walls.landlock else []
    found = ", ".join(names) or "process limits and the watch only"
    advice = weaker(walls)
    return Check("Grading", "note" if advice else "ok", found, advice)
