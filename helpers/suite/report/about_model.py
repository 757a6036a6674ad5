"""What a run can answer about its network: what it is, for what, and how it learned."""

from helpers.app.figures.style import listed, plural
from helpers.suite.report.facts import RunFacts
from helpers.suite.report.tables import audit_word


def technology(facts: RunFacts) -> str:
    """What kind of method it is."""
    if not facts.settings.get("architecture"):
        return ""
    return (
        f"Deep learning: the network {facts.settings['architecture']} (head: "
        f"{facts.settings.get('head', 'softmax')}) sorts single chest radiographs into "
        f"{listed(facts.settings.get('classes', []))}."
    )


def intended_use(facts: RunFacts) -> str:
    """What it is for."""
    return (
        "Education and research only: to teach how such classifiers are built, judged and fooled. "
        "It is not a medical device and never a diagnosis."
    )


def software(facts: RunFacts) -> str:
    """Libraries and versions."""
    versions = facts.record.get("versions", {})
    named = ("python", "tensorflow", "keras", "ai-edge-litert", "scikit-learn")
    parts = [f"{name} {versions[name]}" for name in named if name in versions]
    commit = facts.record.get("git_commit", "unknown")
    return f"{listed(parts)}; code at commit {commit}." if parts else ""


def initial_weights(facts: RunFacts) -> str:
    """Where the weights started."""
    weights = facts.settings.get("weights")
    if weights is None:
        return ""
    start = "random initial weights" if weights == "none" else f"weights from {weights}"
    return f"Started from {start}, seed {facts.settings.get('seed', '?')}."


def training_recipe(facts: RunFacts) -> str:
    """How the network learned."""
    names = ("epochs", "batch_size", "optimizer", "learning_rate", "schedule", "label_smoothing")
    names += ("mixup", "class_weights", "augment_flip", "augment_rotation", "augment_shift")
    names += ("augment_zoom", "augment_shear", "augment_brightness")
    known = [f"{name} {facts.settings[name]}" for name in names if name in facts.settings]
    if not known or facts.history is None:
        return ""
    return f"{', '.join(known)}; {plural(len(facts.history), 'epoch')} were trained."


def model_selection(facts: RunFacts) -> str:
    """Which epoch was kept."""
    rule = facts.settings.get("best_by")
    if facts.history is None or rule is None or rule not in facts.history:
        return ""
    values = facts.history[rule]
    best = values.idxmin() if rule.endswith("loss") else values.idxmax()
    return (
        f"The epoch that was best by {rule} on the validation films: epoch {int(best) + 1} of "
        f"{len(facts.history)}. The test films had no part in it."
    )


def explainability(facts: RunFacts) -> str:
    """Saliency maps."""
    if facts.preprocessing is None:
        return ""
    return (
        "Saliency maps (Grad-CAM from the same pass as the prediction) show which parts of a film "
        "raised the probability; they are a hint, not a proof."
        if facts.preprocessing.get("saliency", True)
        else "This architecture gives no saliency map in the light model."
    )


def robustness(facts: RunFacts) -> str:
    """What the audits found."""
    checks = [check for stage in (facts.audit or {}).get("checks", {}).values() for check in stage]
    if not checks:
        return ""
    failed = [check["name"] for check in checks if check["verdict"] == "failed"]
    told = f"failed: {listed(failed)}" if failed else "none failed"
    return (
        f"Audits for leakage and shortcuts: {audit_word(facts)}. {plural(len(checks), 'check')}, "
        f"{told}. The report lists them with their limits."
    )


ANSWERS = (
    technology,
    intended_use,
    software,
    initial_weights,
    training_recipe,
    model_selection,
    explainability,
    robustness,
)
