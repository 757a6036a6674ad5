"""A student's mark: each check with its points and reason, the whole as plain data."""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.submissions.restore import Edit


@dataclass(frozen=True)
class CheckResult:
    """One check of the rubric; `reason` is empty only where all its points were earned."""

    id: str
    notebook: str
    title: str
    points: float
    earned: float
    reason: str = ""

    def __post_init__(self) -> None:
        """No check leaves without points in range, nor with points lost and no reason."""
        if not 0 <= self.earned <= self.points:
            raise ValueError(f"check {self.id}: {self.earned} of {self.points} points")
        if self.earned < self.points and not self.reason:
            raise ValueError(f"check {self.id}: partial credit without a reason")


@dataclass(frozen=True)
class Failure:
    """A cell that did not run to its end, for the feedback page."""

    notebook: str
    cell: str
    status: str
    source: str
    error: str


@dataclass(frozen=True)
class Override:
    """A score set by hand; it outlives every regrading."""

    score: float
    comment: str
    when: str


@dataclass(frozen=True)
class Mark:
    """What one student earned and why; seconds is wall time, attempt counts what was handed in."""

    student: str
    status: Status
    score: float
    max_score: float
    reason: str
    seconds: float = 0.0
    attempt: int = 0
    checks: tuple[CheckResult, ...] = ()
    flags: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    prints: dict[str, str] = field(default_factory=dict)
    late: str = ""
    peak_bytes: int = 0
    override: Override | None = None

    def overridden(self, override: Override | None) -> "Mark":
        """The mark as it counts once a score was set by hand."""
        if override is None:
            return self
        was = f"was {shown(self.score)}, {self.status}: {self.reason}"
        reason = f"Set by hand to {shown(override.score)}: {override.comment} ({was})"
        return replace(self, score=override.score, reason=reason, override=override)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The mark that `to_dict` wrote."""
        parts = {
            "status": Status(data["status"]),
            "checks": tuple(CheckResult(**one) for one in data["checks"]),
            "edits": tuple(Edit(**one) for one in data["edits"]),
            "failures": tuple(Failure(**one) for one in data["failures"]),
            "flags": tuple(data["flags"]),
            "notes": tuple(data["notes"]),
            "override": Override(**data["override"]) if data["override"] else None,
        }
        return cls(**data | parts)


def shown(points: float) -> str:
    """Points as people write them: at most two decimals, none that are zero."""
    return f"{round(points, 2) + 0:.2f}".rstrip("0").rstrip(".")


def total(checks: tuple[CheckResult, ...]) -> float:
    """Points earned by all checks, before lateness."""
    return round(math.fsum(check.earned for check in checks), 4)
