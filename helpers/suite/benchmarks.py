"""Runs the modules of tests/benchmarks/: each measures ratios within one run, never bare seconds.

A module `bench_<name>.py` has `run() -> list[dict]`, a row for each measurement:
`what` (one line), `measured` (a number), `unit` (`x` for a ratio, else `s`, `GB`, `objects` ...),
`at_least` or `at_most` (the aim) and `detail` (what went into it: counts and seconds).
"""

import contextlib
import os
import runpy
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core.errors import UsageError
from helpers.core.params import nearest_name
from helpers.core.runs import PROJECT

FOLDER = PROJECT / "tests" / "benchmarks"


@dataclass(frozen=True)
class Measurement:
    """One row of the table: what was measured, the value, the aim if there is one."""

    benchmark: str
    what: str
    measured: float
    unit: str = "x"
    at_least: float | None = None
    at_most: float | None = None
    detail: str = ""

    @property
    def reached(self) -> bool:
        """Whether the value is on the right side of its aim; True without an aim."""
        enough = self.at_least is None or self.measured >= self.at_least
        return enough and (self.at_most is None or self.measured <= self.at_most)

    @property
    def aim(self) -> str:
        """The aim as the table shows it."""
        if self.at_least is not None:
            return f"at least {self.at_least:g} {self.unit}"
        return "" if self.at_most is None else f"at most {self.at_most:g} {self.unit}"


def find_benchmarks(names: list[str]) -> list[Path]:
    """The modules called `names` (`ingest` for bench_ingest.py), or all of them.

    Raises UsageError for an unknown name, with the nearest real one.
    """
    known = {path.stem.removeprefix("bench_"): path for path in sorted(FOLDER.glob("bench_*.py"))}
    for name in names:
        if name not in known:
            hint = nearest_name(name, known) or f"; there are {', '.join(known) or 'none'}"
            raise UsageError(f"There is no benchmark '{name}' in tests/benchmarks{hint}")
    return [known[name] for name in names or known]


def run_benchmark(path: Path) -> list[Measurement]:
    """Measure one module in an outputs folder of its own, removed afterwards with its store."""
    name = path.stem.removeprefix("bench_")
    if str(PROJECT) not in sys.path:
        sys.path.append(str(PROJECT))  # benchmarks share code under `tests.benchmarks`
    with _throw_away_outputs():
        rows: list[dict[str, Any]] = runpy.run_path(str(path))["run"]()
    return [Measurement(name, **row) for row in rows]


@contextlib.contextmanager
def _throw_away_outputs() -> Iterator[None]:
    from helpers.data import local_s3

    before = os.environ.get("CXR_OUTPUTS")
    with tempfile.TemporaryDirectory(prefix="cxr-bench-") as folder:
        os.environ["CXR_OUTPUTS"] = folder
        try:
            yield
        finally:
            local_s3.stop()
            os.environ.pop("CXR_OUTPUTS")
            if before is not None:
                os.environ["CXR_OUTPUTS"] = before
