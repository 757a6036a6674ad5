"""Pool the folds of `helpers.suite.compare` into one table: scores, intervals, paired differences.

The summary holds no film, name or prediction, so it may be stored beside the recipes and shown by
a notebook without training anything again.
"""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.core.errors import MissingInputError
from helpers.core.runs import PROJECT, Run, replacing
from helpers.model.comparison import compare_predictions
from helpers.model.metrics import score_predictions
from helpers.model.predictions import Predictions, check_predictions
from helpers.suite.compare import PROTOCOLS, TASKS, Job, is_done

RESULTS = PROJECT / "params" / "systems" / "results"
STORED = RESULTS  # where `store` writes; tests point it elsewhere
METRICS = ("accuracy", "macro_f1", "auroc", "balanced_accuracy")


def read_folds(run: Run, system: str, task: str, protocol: str) -> list[dict[str, Any]]:
    """The finished folds' results, in fold order; those of an older recipe or of other films are
    left out."""
    folder = run.path(f"compare/{system}/{task}-{protocol}")
    numbers = sorted(int(path.stem.removeprefix("fold_")) for path in folder.glob("fold_*.json"))
    jobs = [Job(system, task, protocol, number) for number in numbers]
    done = [job.result(run) for job in jobs if is_done(job, run)]
    return [json.loads(path.read_text(encoding="utf-8")) for path in done]


def pool(folds: Sequence[dict[str, Any]]) -> Predictions:
    """All folds' test films as one set: every film once, each predicted by a network that never
    saw its patient (or, under the image protocol, that film)."""
    rows = sorted(
        (key, code, group, tuple(p))
        for fold in folds
        for key, code, group, p in zip(
            fold["films"], fold["truth"], fold["groups"], fold["probabilities"], strict=True
        )
    )
    classes = folds[0]["classes"]
    probabilities = np.array([row[3] for row in rows])
    return check_predictions(
        [classes[row[1]] for row in rows],
        probabilities / probabilities.sum(axis=1, keepdims=True),
        classes,
        [row[2] for row in rows],
    )


def summarise(run: Run, systems: Sequence[str]) -> dict[str, Any]:
    """Scores of every system, task and protocol that has folds, the best first, and the paired
    differences, the better system less the other."""
    rows, differences = [], []
    for task in TASKS:
        for protocol in PROTOCOLS:
            done = {name: read_folds(run, name, task, protocol) for name in systems}
            done = {name: folds for name, folds in done.items() if folds}
            found = [_row(name, task, protocol, folds) for name, folds in done.items()]
            found.sort(key=lambda row: -row["scores"]["macro_f1"]["value"])
            differences += _differences({row["system"]: done[row["system"]] for row in found})
            rows += found
    return {"collection": run.name, "rows": rows, "differences": differences}


def store(summary: dict[str, Any]) -> Path:
    """Write the summary beside the recipes, with the command that makes it again."""
    path = STORED / f"{summary['collection']}.json"
    choices = [*(f"--protocol {name}" for name in PROTOCOLS), *(f"--task {name}" for name in TASKS)]
    command = f"cxr compare --run {summary['collection']} {' '.join(choices)} --store"
    with replacing(path) as temporary:
        text = json.dumps({"command": command, **summary}, indent=1, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    return path


def read_stored(collection: str) -> dict[str, Any]:
    """The stored summary of one collection; MissingInputError says how to make it."""
    path = STORED / f"{collection}.json"
    if not path.exists():
        raise MissingInputError(
            f"No comparison on {collection} is stored; `cxr compare --run {collection} --store` "
            "makes one, in some hours, and goes on where it was stopped."
        )
    return json.loads(path.read_text(encoding="utf-8"))


def read_claims() -> dict[str, dict[str, Any]]:
    """What each report says of its own system: classes, films, split, accuracy, a note."""
    return json.loads((RESULTS / "claims.json").read_text(encoding="utf-8"))


def side_by_side(summary: dict[str, Any], claims: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """One row for each system and number of classes: claimed accuracy, accuracy by image and by
    patient, costs.

    Scores read `0.812 (0.781 to 0.840)`; a system that was not run here has dashes.
    """
    found = {(r["system"], len(r["classes"]), r["protocol"]): r for r in summary["rows"]}
    claimed = [(name, claim["classes"]) for name, claim in claims.items()]
    places = list(dict.fromkeys([*claimed, *(place[:2] for place in found)]))
    rows = []
    for name, classes in sorted(places, key=lambda place: (place[0].lower(), place[1])):
        by_image, by_patient = (found.get((name, classes, p)) for p in ("image", "patient"))
        claim = claims.get(name, {})
        either = by_patient or by_image or {}
        rows.append(
            {
                "system": name,
                "classes": classes,
                "claimed accuracy": claim["accuracy"] if claim.get("classes") == classes else "-",
                "accuracy by image": _text(by_image, "accuracy"),
                "accuracy by patient": _text(by_patient, "accuracy"),
                "macro-F1 by patient": _text(by_patient, "macro_f1"),
                "parameters": f"{either['parameters']:,}" if either else "-",
                "s / epoch": f"{either['seconds_per_epoch']:.1f}" if either else "-",
                "ms / film": f"{either['milliseconds_per_film']:.1f}" if either else "-",
                "on": either.get("host", "-"),
            }
        )
    return pd.DataFrame(rows).set_index(["system", "classes"])


def _text(row: dict[str, Any] | None, metric: str) -> str:
    if row is None:
        return "-"
    score, folds = row["scores"][metric], len(row["folds"])
    of = (
        ""
        if folds == row["settings"]["folds"]
        else f", {folds} of {row['settings']['folds']} folds"
    )
    if score["low"] is None:
        return f"{score['value']:.3f}{of}"
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f}){of}"


def _row(system: str, task: str, protocol: str, folds: list[dict[str, Any]]) -> dict[str, Any]:
    scores = score_predictions(pool(folds), split="every fold's test films")
    by_fold = [score_predictions(pool([fold]), resamples=200) for fold in folds]
    last = folds[-1]
    # As with epochs (crossval.FoldOutcome): the least disturbed fold is the cost.
    quickest = min(folds, key=lambda fold: fold["seconds_per_epoch"])
    alike = [fold for fold in folds if fold["host"] == quickest["host"]]
    return {
        "system": system,
        "task": task,
        "classes": last["classes"],
        "protocol": protocol,
        "folds": [fold["fold"] for fold in folds],
        "films": scores["n"],
        "patients": scores["patients"],
        "scores": {name: scores[name] for name in METRICS if name in scores},
        "by_fold": {
            name: [one[name]["value"] for one in by_fold] for name in METRICS if name in scores
        },
        "confusion": scores["confusion"],
        "parameters": last["parameters"],
        "epochs": [fold["epochs"] for fold in folds],
        "seconds_per_epoch": quickest["seconds_per_epoch"],
        "milliseconds_per_film": min(fold["milliseconds_per_film"] for fold in alike),
        "settings": last["fingerprint"]["settings"],
        "host": quickest["host"],
        "precision": last["precision"],
        "versions": last["versions"],
        "commit": last["commit"],
    }


def _differences(done: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Every pair of systems on the folds that both have, first minus second; `done`: best first."""
    found = []
    for (first, ours), (second, theirs) in itertools.combinations(done.items(), 2):
        folds = sorted({fold["fold"] for fold in ours} & {fold["fold"] for fold in theirs})
        if not folds or ours[0]["classes"] != theirs[0]["classes"]:
            continue
        pair = (pool([fold for fold in one if fold["fold"] in folds]) for one in (ours, theirs))
        differences = compare_predictions(*pair)["differences"]
        found.append(
            {
                "first": first,
                "second": second,
                "task": ours[0]["task"],
                "protocol": ours[0]["protocol"],
                "folds": folds,
                "differences": {name: differences[name] for name in METRICS if name in differences},
            }
        )
    return found
