"""A run's facts as small tables of text, for the page and for Markdown alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.app.figures.intervals import interval_text
from helpers.app.figures.metadata import UNKNOWN, age_bins, known_values
from helpers.app.figures.style import in_class_order
from helpers.suite.report.facts import RunFacts

SPLITS = ("train", "validation", "test")
# What a reader calls the scores of metrics.json.
SCORE_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_precision": "macro precision",
    "macro_f1": "macro F1",
    "auroc": "AUROC, mean over classes",
    "auprc": "AUPRC, mean over classes",
    "brier": "Brier score (0 is best)",
    "ece": "calibration error (0 is best)",
}
MAIN_SCORES = ("accuracy", "macro_f1", "auroc")
CLASS_SCORE_NAMES = {
    "precision": "precision",
    "sensitivity": "sensitivity (recall)",
    "specificity": "specificity",
    "ppv": "PPV at the stated prevalence",
    "npv": "NPV at the stated prevalence",
    "f1": "F1",
    "auroc_by_class": "AUROC",
    "auprc_by_class": "AUPRC",
}


@dataclass(frozen=True)
class Table:
    """Text in rows; the first cell of each row names it."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def make(title: str, header: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Table:
    """A table of whatever can be written as text."""
    cells = tuple(tuple(str(cell) for cell in row) for row in rows)
    return Table(title, tuple(str(cell) for cell in header), cells)


def statuses(facts: RunFacts) -> Table:
    """Films used, excluded and unreadable, with the reason."""
    reasons = facts.films["reason"].fillna("")
    counts = pd.DataFrame({"status": facts.films["status"], "reason": reasons}).value_counts()
    rows = [(status, reason, f"{films:,}") for (status, reason), films in counts.items()]
    rows.append(("all", "", f"{len(facts.films):,}"))
    return make("What became of the films", ("status", "reason", "films"), rows)


def split_counts(facts: RunFacts) -> Table:
    """Films and patients of each class in each split."""
    rows = []
    for label in in_class_order(facts.used["label"].dropna().unique()):
        of_class = facts.used[facts.used["label"] == label]
        rows.append((label, *(_count(of_class[of_class["split"] == split]) for split in SPLITS)))
    rows.append(("all", *(_count(facts.used[facts.used["split"] == split]) for split in SPLITS)))
    return make("Films (patients) of each split", ("class", *SPLITS), rows)


def characteristics(facts: RunFacts) -> Table:
    """Sex, age, view and source in each split, as shares of its films; the unknown counts too."""
    films = facts.used
    groups = {name: known_values(films, name) for name in ("sex", "view", "source")}
    groups["age in years"] = age_bins(films)
    rows = []
    for name, values in groups.items():
        for value in sorted(values.unique(), key=lambda text: (text == UNKNOWN, text)):
            same = values == value
            rows.append((f"{name}: {value}", *(_share(films, same, split) for split in SPLITS)))
    return make("Who is in each split, share of its films", ("property", *SPLITS), rows)


def overall_scores(metrics: Mapping[str, Any]) -> Table:
    """The scores over all classes with interval and number of films."""
    rows = [(SCORE_NAMES[name], *_scored(metrics[name])) for name in SCORE_NAMES if name in metrics]
    return make("Scores on the test films", ("score", "value (95 % interval)", "films"), rows)


def class_scores(metrics: Mapping[str, Any]) -> Table:
    """The scores of each class against the rest."""
    classes = metrics["classes"]
    rows = [
        (title, *(interval_text(metrics[name].get(label, {})) for label in classes))
        for name, title in CLASS_SCORE_NAMES.items()
        if name in metrics
    ]
    return make("Scores of each class against the rest", ("score", *classes), rows)


def operating_points(metrics: Mapping[str, Any]) -> Table:
    """What the thresholds chosen on validation films reach on the test films."""
    rows = [
        (
            label,
            f"{point['threshold']:.3f}",
            f"{point['wanted_specificity']:.2f}",
            interval_text(point["specificity"]),
            interval_text(point["sensitivity"]),
        )
        for label, point in metrics.get("operating_points", {}).items()
    ]
    header = ("alarm for", "threshold", "specificity wanted", "reached", "sensitivity reached")
    return make("Alarm thresholds, chosen on the validation films", header, rows)


def subgroups(metrics: Mapping[str, Any]) -> Table:
    """Accuracy and AUROC of each subgroup."""
    rows = [
        (
            f"{row['kind']}: {row['group']}" + (" (small)" if row.get("small") else ""),
            f"{row['n']:,}",
            f"{row['patients']:,}",
            interval_text(row["accuracy"]),
            interval_text(row["auroc"]),
        )
        for row in metrics.get("subgroups", [])
    ]
    return make("Subgroups", ("group", "films", "patients", "accuracy", "AUROC"), rows)


def external(facts: RunFacts) -> Table:
    """Scores on collections that were never in the run, a row for each."""
    rows = [
        (
            test["data"],
            f"{test['scores']['n']:,}",
            *(interval_text(test["scores"].get(name, {})) for name in MAIN_SCORES),
        )
        for test in facts.external
    ]
    header = ("collection", "films", *(SCORE_NAMES[name] for name in MAIN_SCORES))
    return make("External tests", header, rows)


def gate(facts: RunFacts) -> Table:
    """What the gate lets pass, by kind of picture, on pictures held out of its fit."""
    rows = [
        (kind, f"{errors['n']:,}", f"{errors['accepted']:.1%}")
        for kind, errors in facts.gate_errors.items()
    ]
    return make("Pictures that the gate accepts as films", ("kind", "shown", "accepted"), rows)


def audit(facts: RunFacts) -> Table:
    """Every check of the audits, passed, failed or not tested, with what it means."""
    rows = [
        (
            *(check["name"], check["verdict"]),
            *(_short(check["value"]), _short(check["limit"]), check["sentence"]),
        )
        for checks in (facts.audit or {}).get("checks", {}).values()
        for check in checks
    ]
    return make("What was checked", ("check", "verdict", "value", "limit", "meaning"), rows)


def settings(facts: RunFacts) -> Table:
    """Every parameter of the run as it was used."""
    rows = [(name, _plain(value)) for name, value in sorted(facts.settings.items())]
    return make("Parameters", ("name", "value"), rows)


def provenance(facts: RunFacts) -> Table:
    """Code, device, seconds and the versions of the libraries that shape a result."""
    rows = [("code (git commit)", facts.record.get("git_commit", "unknown"))]
    rows.append(("device", facts.record.get("device", "unknown")))
    for notebook, record in facts.record.get("notebooks", {}).items():
        if "seconds" in record:
            rows.append((f"seconds of {notebook}", f"{record['seconds']:.1f}"))
    rows += facts.record.get("versions", {}).items()
    return make("Code, device, time and libraries", ("what", "value"), rows)


def comparison(runs: Sequence[RunFacts]) -> Table:
    """The runs side by side, a column for each."""
    scored = [run.metrics or {} for run in runs]
    rows: list[tuple[str, ...]] = [
        ("architecture", *(str(run.settings.get("architecture", "–")) for run in runs)),
        ("split by", *(str(run.settings.get("split_by", "–")) for run in runs)),
        ("test films", *(f"{metrics['n']:,}" if metrics else "–" for metrics in scored)),
        ("classes", *(", ".join(metrics.get("classes", ["–"])) for metrics in scored)),
        ("audits", *(audit_word(run) for run in runs)),
    ]
    for name, title in SCORE_NAMES.items():
        rows.append((title, *(interval_text(metrics.get(name, {})) for metrics in scored)))
    return make("Runs side by side", ("", *(run.name for run in runs)), rows)


def audit_word(facts: RunFacts) -> str:
    """`passed`, `failed`, `not finished` (only some checks are done) or `not made`."""
    if not facts.audit or not facts.audit.get("checks", facts.audit.get("passed") is not None):
        return "not made"
    if "passed" not in facts.audit:
        return "not finished"
    return "passed" if facts.audit["passed"] else "failed"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _scored(metric: Mapping[str, Any]) -> tuple[str, str]:
    text = interval_text(metric)
    if text == "–" and metric.get("reason"):
        text = f"not defined: {metric['reason']}"
    return text, f"{metric.get('n', 0):,}"


def _count(films: pd.DataFrame) -> str:
    return f"{len(films):,} ({films['patient_id'].nunique():,})"


def _share(films: pd.DataFrame, same: pd.Series, split: str) -> str:
    inside = films["split"] == split
    return f"{(same & inside).sum() / inside.sum():.0%}" if inside.any() else "–"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} → {content}" for key, content in value.items())
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "none" if value is None else str(value)
