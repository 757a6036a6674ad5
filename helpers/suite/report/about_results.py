"""What a run can answer about its scores: how good, how sure, where wrong."""

from helpers.app.figures.intervals import interval_text
from helpers.app.figures.style import counts_in_words, listed, plural
from helpers.suite.report.facts import RunFacts
from helpers.suite.report.tables import SCORE_NAMES, audit_word


def sample_size(facts: RunFacts) -> str:
    """How many, and why."""
    if facts.metrics is None:
        return ""
    patients = facts.metrics.get("patients")
    of = f" of {plural(patients, 'patient')}" if patients else ""
    return (
        f"No sample size was calculated beforehand. The test split holds "
        f"{plural(facts.metrics['n'], 'film')}{of}; the width of the intervals says what that "
        "allows."
    )


def metrics_used(facts: RunFacts) -> str:
    """Which measures, with which uncertainty."""
    if facts.metrics is None:
        return ""
    names = [title.split(" (")[0] for name, title in SCORE_NAMES.items() if name in facts.metrics]
    return f"Over all classes {listed(names)}; by class sensitivity, specificity, PPV and NPV too."


def uncertainty(facts: RunFacts) -> str:
    """How intervals were made."""
    interval = (facts.metrics or {}).get("interval")
    return f"Intervals: {interval}." if interval else ""


def calibration(facts: RunFacts) -> str:
    """Whether probabilities were recalibrated."""
    found = (facts.metrics or {}).get("calibration")
    if not found:
        return ""
    return (
        f"Temperature scaling with T = {found['temperature']:.2f}, fitted on the "
        f"{found.get('fitted_on', 'validation')} films."
    )


def thresholds(facts: RunFacts) -> str:
    """The output and the alarm thresholds."""
    points = (facts.metrics or {}).get("operating_points")
    if not points:
        return ""
    parts = [f"{name} {point['threshold']:.3f}" for name, point in points.items()]
    return (
        "A probability for each class; the predicted class is the most probable one. Alarm "
        f"thresholds, chosen on the validation films: {listed(parts)}."
    )


def performance(facts: RunFacts) -> str:
    """The main scores."""
    if facts.metrics is None:
        return ""
    parts = [
        f"{SCORE_NAMES[name]} {interval_text(facts.metrics[name])}"
        for name in ("accuracy", "macro_f1", "auroc")
        if name in facts.metrics
    ]
    return f"On {plural(facts.metrics['n'], 'test film')}: {'; '.join(parts)}."


def diagnostic_accuracy(facts: RunFacts) -> str:
    """Sensitivity and specificity by class."""
    if "sensitivity" not in (facts.metrics or {}):
        return ""
    parts = [
        f"{label}: sensitivity {interval_text(facts.metrics['sensitivity'][label])}, specificity "
        f"{interval_text(facts.metrics['specificity'][label])}"
        for label in facts.metrics["classes"]
    ]
    return "; ".join(parts) + "."


def failures(facts: RunFacts) -> str:
    """What was classified wrongly."""
    if facts.predictions is None:
        return ""
    test = facts.predictions[facts.predictions["split"] == "test"]
    wrong = test[test["label"] != test["predicted"]]
    kinds = (wrong["label"] + " called " + wrong["predicted"]).value_counts()
    return f"{len(wrong):,} of {plural(len(test), 'test film')} wrong: {counts_in_words(kinds)}."


def fairness(facts: RunFacts) -> str:
    """Scores of subgroups."""
    rows = (facts.metrics or {}).get("subgroups")
    if not rows:
        return ""
    kinds = listed(dict.fromkeys(row["kind"] for row in rows))
    return f"Scored separately by {kinds}; see the table of subgroups. Nothing was adjusted."


def limitations(facts: RunFacts) -> str:
    """What a reader must know."""
    notes = list((facts.metrics or {}).get("notes", []))
    if audit_word(facts) in ("not made", "not finished"):
        notes.append("No whole audit for shortcuts was made.")
    notes.append("Labels are taken on trust, and one collection is not the world.")
    return " ".join(notes)


def external_test(facts: RunFacts) -> str:
    """Scores on collections that were never in the run."""
    parts = [
        f"{test['data']} ({plural(test['scores']['n'], 'film')}): accuracy "
        f"{interval_text(test['scores']['accuracy'])}, AUROC "
        f"{interval_text(test['scores']['auroc'])}"
        for test in facts.external
    ]
    return "; ".join(parts) + "." if parts else ""


def input_check(facts: RunFacts) -> str:
    """What happens to pictures that are no frontal films."""
    own = facts.gate_errors.get("films of this run")
    if own is None:
        return ""
    others = [errors["accepted"] for errors in facts.gate_errors.values() if errors is not own]
    worst = f"; of other pictures at most {max(others):.1%} pass" if others else ""
    return (
        f"A gate turns away what is no frontal chest film: {own['accepted']:.1%} of held-out films "
        f"of this run pass{worst}."
    )


ANSWERS = (
    external_test,
    input_check,
    sample_size,
    metrics_used,
    uncertainty,
    calibration,
    thresholds,
    performance,
    diagnostic_accuracy,
    failures,
    fairness,
    limitations,
)
