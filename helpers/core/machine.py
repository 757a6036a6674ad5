"""What the machine gives to this process."""

import os


def cores() -> int:
    """The processor cores that this process may use: a container or `taskset` may leave it few."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows
