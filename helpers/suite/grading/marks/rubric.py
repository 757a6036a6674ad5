"""The rubric: what is checked, for how many points, until when; read from YAML and validated.

version: 1
title: Chest film exercises
deadline: 2026-10-01 23:59
time_zone: Europe/Berlin
late: {grace_minutes: 15, percent_per_day: 10, closed_after_days: 5}
checks:
  - {id: ingest_runs, notebook: 01_ingest, title: The notebook runs, points: 1, kind: cell, cell: 01-09}
  - {id: ingest_rows, notebook: 01_ingest, title: Rows, points: 2, kind: hidden, test: test_rows}
  - {id: auroc, notebook: 05_evaluate, title: AUROC, points: 3, kind: floor, answer: auroc, floor: 0.5, full: 0.8}
  - {id: share, notebook: 02_visualize, title: Share, points: 1, kind: value, answer: share, reference: share, absolute: 0.01}
  - {id: table, notebook: 02_visualize, title: Table, points: 1, kind: text, cell: 02-12}
"""  # noqa: E501

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from helpers.core.errors import UsageError
from helpers.core.params import nearest_name, read_parameter_file
from helpers.suite.grading.confinement.limits import Limits

PLAIN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
Points = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Check(_Strict):
    """What every check has: its name, the notebook it looks at, its title and points."""

    id: str = Field(pattern=PLAIN)
    notebook: str = Field(pattern=PLAIN)
    title: str = Field(min_length=1, max_length=200)
    points: Points
    task: str | None = Field(None, description="task of the exercise it belongs to, for feedback")


class CellCheck(_Check):
    """The cell of that id ran without an error."""

    kind: Literal["cell"]
    cell: str = Field(min_length=1)


class HiddenCheck(_Check):
    """The function `test` of `hidden/test_<notebook>.py` passes, or returns a share from 0 to 1."""

    kind: Literal["hidden"]
    test: str = Field(pattern=r"^test_[A-Za-z0-9_]+$")


class FloorCheck(_Check):
    """A number of the answers: no points at `floor` or worse, all at `full` or better."""

    kind: Literal["floor"]
    answer: str = Field(pattern=PLAIN)
    field: str | None = Field(None, description="key of the number where the answer is a table")
    floor: Finite
    full: Finite

    @model_validator(mode="after")
    def _the_two_differ(self) -> "FloorCheck":
        if self.floor == self.full:
            raise ValueError(f"floor and full are both {self.full:g}; set full to the aim")
        return self


class ValueCheck(_Check):
    """An answer equals the reference within tolerance.

    The reference is `value`, or what `reference_<reference>(seed)` of the hidden file returns.
    """

    kind: Literal["value"]
    answer: str = Field(pattern=PLAIN)
    field: str | None = Field(None, description="key of the value where the answer is a table")
    value: Any = None
    reference: str | None = Field(None, pattern=PLAIN)
    absolute: Tolerance = 0.0
    relative: Tolerance = 0.0

    @model_validator(mode="after")
    def _one_reference(self) -> "ValueCheck":
        if (self.value is None) == (self.reference is None):
            raise ValueError("give either value (the same for all) or reference (a function)")
        return self


class TextCheck(_Check):
    """The text a cell prints equals the one in the instructor's executed notebook (nbval)."""

    kind: Literal["text"]
    cell: str = Field(min_length=1)
    sanitize: dict[str, str] = Field({}, description="pattern -> what stands for it in both texts")


Check = CellCheck | HiddenCheck | FloorCheck | ValueCheck | TextCheck
KINDS = {get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in get_args(Check)}


class LatePolicy(_Strict):
    """What lateness costs: nothing within the grace, then a share for each day begun."""

    grace_minutes: float = Field(0, ge=0, allow_inf_nan=False)
    percent_per_day: float = Field(0, ge=0, le=100)
    closed_after_days: float | None = Field(None, gt=0, description="then nothing is earned")


class Rubric(_Strict):
    """The whole rubric of one assignment."""

    version: Literal[1]
    title: str = Field("Chest film exercises", min_length=1, max_length=200)
    deadline: datetime | None = None
    time_zone: str | None = Field(None, description="such as Europe/Berlin, of the deadline")
    late: LatePolicy = LatePolicy()
    lms_column: str | None = Field(None, description="the assignment's column as the LMS calls it")
    limits: dict[str, Positive] = Field({}, description="over the defaults of one submission")
    checks: tuple[Annotated[Check, Field(discriminator="kind")], ...] = Field(min_length=1)

    @field_validator("checks")
    @classmethod
    def _ids_are_unique(cls, checks: Sequence[Check]) -> Sequence[Check]:
        twice = [name for name, count in Counter(check.id for check in checks).items() if count > 1]
        if twice:
            raise ValueError(f"the id '{twice[0]}' stands twice; give each check an id of its own")
        return checks

    @field_validator("limits")
    @classmethod
    def _limits_are_known(cls, limits: dict[str, float]) -> dict[str, float]:
        known = {field.name for field in fields(Limits)}
        for name in limits:
            if name not in known:
                hint = nearest_name(name, known) or f"; there are {', '.join(sorted(known))}"
                raise ValueError(f"'{name}' is no limit{hint}")
        return limits

    @model_validator(mode="after")
    def _deadline_has_a_zone(self) -> "Rubric":
        if self.deadline is None:
            return self
        if self.deadline.tzinfo is None and self.time_zone is None:
            raise ValueError(
                "the deadline has no time zone; add time_zone: Europe/Berlin or +02:00"
            )
        if self.deadline.tzinfo is not None and self.time_zone is not None:
            raise ValueError("the deadline holds an offset already; drop it or drop time_zone")
        self.due  # noqa: B018 - an unknown zone shows here
        return self

    @property
    def due(self) -> datetime | None:
        """The deadline with its time zone."""
        if self.deadline is None or self.time_zone is None:
            return self.deadline
        try:
            return self.deadline.replace(tzinfo=ZoneInfo(self.time_zone))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"time_zone '{self.time_zone}' is not known; write one such as Europe/Berlin or UTC"
            ) from error

    @property
    def limits_of_one(self) -> Limits:
        """What one submission may use."""
        whole = {field.name: field.type for field in fields(Limits)}
        return Limits(**{k: int(v) if whole[k] is int else v for k, v in self.limits.items()})

    @property
    def notebooks(self) -> list[str]:
        """Names of the notebooks that are graded, in their order."""
        return sorted({check.notebook for check in self.checks})

    @property
    def max_score(self) -> float:
        """All points together."""
        return math.fsum(check.points for check in self.checks)


def read_rubric(file: Path) -> Rubric:
    """The validated rubric of a YAML file.

    Raises UsageError: file, id of the check, what is wrong and what to do, in one sentence.
    """
    values = read_parameter_file(file)
    checks = values.get("checks")
    for position, check in enumerate(checks if isinstance(checks, list) else (), start=1):
        _known_kind(file, position, check)
    try:
        return Rubric(**values)
    except ValidationError as error:
        raise UsageError(f"{file.name}: {_problem(error, values)}") from error


def _known_kind(file: Path, position: int, check: Any) -> None:
    """Say it plainly where a check has no kind that we know."""
    if not isinstance(check, Mapping):
        raise UsageError(f"{file.name}: check {position} is not a list of names and values")
    kind = check.get("kind")
    if kind not in KINDS:
        hint = nearest_name(str(kind), KINDS)
        raise UsageError(
            f"{file.name}: {_check_name(check, position)}: kind: {kind!r} is no kind "
            f"of check{hint}; there are {', '.join(KINDS)}"
        )


def _check_name(check: Mapping[str, Any], position: int) -> str:
    return f"check '{check['id']}'" if check.get("id") else f"check {position} (it has no id)"


def _problem(error: ValidationError, values: Mapping[str, Any]) -> str:
    """The first thing wrong: where, what, what to do."""
    first = error.errors()[0]
    place = [part for part in first["loc"] if part not in KINDS]
    if place[:1] == ["checks"] and len(place) > 1:
        check = values["checks"][place[1]]
        where, names = _check_name(check, place[1] + 1), KINDS[check["kind"]].model_fields
        place = place[2:]
    else:
        where, names = "rubric", Rubric.model_fields
    field = ".".join(str(part) for part in place)
    return ": ".join(part for part in (where, field, _advice(first, field, names)) if part)


def _advice(first: Mapping[str, Any], field: str, names: Mapping[str, Any]) -> str:
    if first["type"] == "missing":
        return f"is missing; add a line '{field.rpartition('.')[2]}:'"
    if first["type"] == "extra_forbidden":
        hint = nearest_name(field, names)
        hint = hint or ("" if "." in field else f"; known are {', '.join(names)}")
        return f"is no setting here{hint or '; remove it'}"
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return message
    return f"{message[0].lower()}{message[1:]}, not {first['input']!r}; correct it"
