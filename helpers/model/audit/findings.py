"""What an audit says of one question: a name, a verdict, the number behind it and a sentence."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Finding:
    """One answer of an audit.

    name: short and stable, in plain words (`lungs blacked out`).
    verdict: `failed` stamps the run; `not tested` says why in `sentence`.
    value, limit: the number measured and the number it is held against; None if not tested.
    sentence: what it means, for a reader who has not seen the audit.
    """

    name: str
    verdict: Literal["passed", "failed", "not tested"]
    value: float | None
    limit: float | None
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Plain values for run.json."""
        return asdict(self) | {"value": None if self.value is None else round(self.value, 4)}


def judged(name: str, value: float, limit: float, failed: bool, sentence: str) -> Finding:
    """A finding with a verdict."""
    return Finding(name, "failed" if failed else "passed", float(value), float(limit), sentence)


def not_tested(name: str, why: str) -> Finding:
    """A finding that could not be had, and why."""
    return Finding(name, "not tested", None, None, why)


def findings_table(findings: Sequence[Finding]) -> "pd.DataFrame":
    """One row a finding: `check, verdict, value, limit, what it means`."""
    import pandas as pd

    return pd.DataFrame(
        [(f.name, f.verdict, f.value, f.limit, f.sentence) for f in findings],
        columns=["check", "verdict", "value", "limit", "what it means"],
    )
