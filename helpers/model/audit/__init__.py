"""Audits: leakage between splits before training, shortcuts after it, and the stamp they leave.

`leakage` compares the splits, `shortcuts` shows the network altered films (`hiding`), `probe` asks
a small model what the film's border gives away, `stamp` writes the verdict into run.json, and
`of_run` does all of it for a run folder.
"""

from helpers.model.audit.findings import Finding, findings_table
from helpers.model.audit.leakage import audit_leakage, films_in_training
from helpers.model.audit.of_run import (
    audit_run_leakage,
    audit_run_shortcuts,
    lung_masks,
    saliency_in_lungs,
)
from helpers.model.audit.shortcuts import ShortcutAudit, audit_shortcuts
from helpers.model.audit.stamp import stamp, withdraw

__all__ = [
    "Finding",
    "ShortcutAudit",
    "audit_leakage",
    "audit_run_leakage",
    "audit_run_shortcuts",
    "audit_shortcuts",
    "films_in_training",
    "findings_table",
    "lung_masks",
    "saliency_in_lungs",
    "stamp",
    "withdraw",
]
