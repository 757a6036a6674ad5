"""One finding of `cxr doctor`."""

from dataclasses import dataclass
from typing import Literal

GIB = 2**30


@dataclass(frozen=True)
class Check:
    """What was looked at, what was found, and what to do when it is not as it should be.

    status: `ok`, `note` (works, with a limit worth knowing) or `missing` (something will fail).
    advice: one sentence, empty when there is nothing to do.
    """

    subject: str
    status: Literal["ok", "note", "missing"]
    found: str
    advice: str = ""


def gib(count: float) -> str:
    """Bytes as people read them: `3.6 GB`."""
    return f"{count / GIB:.1f} GB"
