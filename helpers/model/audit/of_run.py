"""The audits of a whole run, read from its folder and stamped into its run.json."""

import numpy as np
import pandas as pd

from helpers.core.errors import SuiteError
from helpers.core.runs import Run
from helpers.data.preprocess import used_films
from helpers.model.audit.findings import Finding
from helpers.model.audit.leakage import audit_leakage
from helpers.model.audit.shortcuts import ShortcutAudit, audit_shortcuts
from helpers.model.audit.stamp import stamp
from helpers.model.explain import saliency_in_mask
from helpers.model.predictor import Predictor


def audit_run_leakage(run: Run, fingerprints: np.ndarray | None = None) -> list[Finding]:
    """Audit the splits of a run and stamp it; fingerprints of its used films, if they are known."""
    films = used_films(run.read_table("manifest.csv"))
    findings = audit_leakage(films, run.read_table("splits.csv"), fingerprints)
    stamp(run, "leakage", findings)
    return findings


def audit_run_shortcuts(run: Run, predictor: Predictor, seed: int = 0) -> ShortcutAudit:
    """Audit the trained network of a run for shortcuts and stamp the run.

    Raises MissingInputError where the run is not preprocessed, SuiteError where its files do not
    belong together.
    """
    films, images = _films_of(run)
    audit = audit_shortcuts(
        lambda shown: predictor.predict_pixels(shown)[0],
        images,
        films["label"],
        films["group"],
        films["split"],
        predictor.classes,
        masks=lung_masks(run),
        sources=films["source"].to_list(),
        seed=seed,
    )
    stamp(run, "shortcuts", audit.findings)
    return audit


def lung_masks(run: Run) -> np.ndarray | None:
    """Lung masks of the run's used films, uint8 0 or 1 (N, S, S), or None where it has none."""
    path = run.path("lung_masks.npy")
    return np.load(path, mmap_mode="r") if path.exists() else None


def saliency_in_lungs(run: Run, rows: np.ndarray, saliency: np.ndarray) -> pd.DataFrame | None:
    """Share of saliency inside the lungs, and of the film that the lungs fill; None without masks.

    rows: positions of the films in images.npy; saliency: one map a film (n, h, w).
    Returns columns `in_lungs, lungs_fill`, one row a film that has a mask.
    """
    masks = lung_masks(run)
    if masks is None:
        return None
    chosen = np.asarray(masks[rows])
    table = pd.DataFrame(
        {
            "in_lungs": saliency_in_mask(saliency, chosen),
            "lungs_fill": chosen.astype(bool).mean(axis=(1, 2)),
        }
    )
    return table[chosen.any(axis=(1, 2))].reset_index(drop=True)


def _films_of(run: Run) -> tuple[pd.DataFrame, np.ndarray]:
    films = used_films(run.read_table("manifest.csv"))
    splits = run.read_table("splits.csv")
    images = np.load(run.require("images.npy"), mmap_mode="r")
    if list(films["key"]) != list(splits["key"]) or len(images) != len(films):
        raise SuiteError(
            f"{run.shown()} mixes files of different preprocessing; run 03_preprocess again."
        )
    return films.assign(group=splits["group"], split=splits["split"]), images
