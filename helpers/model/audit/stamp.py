"""The audit stamp in run.json, which every prediction, command and report of the run carries."""

from collections.abc import Sequence

from helpers.core.runs import Run
from helpers.model.audit.findings import Finding

# In the order in which they are made; a run is stamped `passed` when the last one is done.
STAGES = ("leakage", "shortcuts")


def stamp(run: Run, stage: str, findings: Sequence[Finding]) -> dict[str, object]:
    """Write the findings of one stage, `leakage` or `shortcuts`, and what follows for the run.

    run.json's "audit": `checks` (stage -> every finding), `findings` (the failed ones) and
    `passed`, which is there once a check has failed or the last stage is done. A new leakage audit
    withdraws the shortcut audit, which was made of another split.
    """
    if stage not in STAGES:
        raise ValueError(f"{stage!r} is no stage of the audit: {', '.join(STAGES)}")
    earlier = run.facts().get("audit", {}).get("checks", {})
    kept = {name: earlier[name] for name in STAGES[: STAGES.index(stage)] if name in earlier}
    return _write(run, kept | {stage: [finding.to_json() for finding in findings]})


def withdraw(run: Run, stage: str) -> None:
    """Take back a stage and those after it, because what they judged has changed."""
    earlier = run.facts().get("audit", {}).get("checks", {})
    _write(run, {name: earlier[name] for name in STAGES[: STAGES.index(stage)] if name in earlier})


def _write(run: Run, checks: dict[str, list]) -> dict[str, object]:
    failed = [one for found in checks.values() for one in found if one["verdict"] == "failed"]
    audit: dict[str, object] = {"findings": failed, "checks": checks}
    if failed or STAGES[-1] in checks:
        audit["passed"] = not failed
    facts = run.facts()
    # Written whole: merging would keep the verdict of an audit that no longer holds.
    run.write_json("run.json", facts | {"audit": audit})
    return audit
