"""What the about page tells of a run: its audits, its scores with their intervals, its card."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from helpers.core.runs import Run
from helpers.model.predictor import Predictor

# Those that people ask for first, by their name in metrics.json.
SCORES = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "auroc": "AUROC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}


@dataclass(frozen=True)
class About:
    """Plain values for the page; empty where the run has not got that far.

    findings: failed checks of the audits, a sentence each.
    scores: (name, value, low, high) on `tested` films of the split `split`.
    card: the run's model card as Markdown, as `cxr report` wrote it.
    """

    classes: tuple[str, ...]
    image_size: int
    calibrated: bool
    gated: bool
    findings: list[str]
    scores: list[tuple[str, float, float | None, float | None]]
    tested: int
    split: str
    card: str


def about_run(run: Run, predictor: Predictor) -> About:
    """Read the run's files anew, so that a new report shows without a restart."""
    metrics = run.read_json("metrics.json") if run.path("metrics.json").exists() else {}
    card = run.path("model_card.md")
    audit = run.facts().get("audit") or {}
    return About(
        classes=predictor.classes,
        image_size=predictor.image_size,
        calibrated=predictor.temperature is not None,
        gated=predictor.gate is not None,
        findings=[_finding(one) for one in audit.get("findings", [])],
        scores=list(_scores(metrics)),
        tested=metrics.get("n", 0),
        split=metrics.get("split", ""),
        card=card.read_text(encoding="utf-8") if card.exists() else "",
    )


def _finding(finding: Any) -> str:
    if isinstance(finding, dict):
        return f"{finding.get('name', 'finding')}: {finding.get('sentence', 'failed')}"
    return str(finding)


def _scores(
    metrics: dict[str, Any],
) -> Iterator[tuple[str, float, float | None, float | None]]:
    """The rows of the table; a score that each class has gives one row for each."""
    for name, title in SCORES.items():
        found = metrics.get(name, {})
        by_row = {title: found} if "value" in found else _by_class(title, found)
        for words, one in by_row.items():
            if one.get("value") is not None:
                yield words, one["value"], one.get("low"), one.get("high")


def _by_class(title: str, found: dict[str, Any]) -> dict[str, Any]:
    return {f"{title}, {label}": one for label, one in found.items()}
