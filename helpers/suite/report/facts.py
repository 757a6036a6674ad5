"""What a run's files say: read once, and a sentence for each part that is not there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml

from helpers.core.errors import MissingInputError
from helpers.core.params import nearest_name
from helpers.core.runs import MADE_BY, Run, runs_with

# Rows of the manifest that are objects of the bucket but no films.
NO_FILMS = ("not an image file", "mask, not a film")


@dataclass(frozen=True)
class RunFacts:
    """The content of one run folder; None where its notebook has not run.

    `films` are the manifest's rows that are films, with the split of those that have one.
    """

    name: str
    settings: dict[str, Any]
    record: dict[str, Any]
    films: pd.DataFrame | None
    objects: int
    history: pd.DataFrame | None
    preprocessing: dict[str, Any] | None
    metrics: dict[str, Any] | None
    predictions: pd.DataFrame | None
    external: tuple[dict[str, Any], ...]  # what `cxr evaluate` wrote, one for each collection
    gate_errors: dict[str, dict[str, float]]  # kind of picture -> n, accepted (share)
    missing: tuple[str, ...]

    @property
    def audit(self) -> dict[str, Any] | None:
        """The audits' stamp, or None when no audit was made."""
        return self.record.get("audit")

    @property
    def used(self) -> pd.DataFrame:
        """The films that the run uses."""
        return self.films[self.films["status"] == "used"]


def read_facts(name: str) -> RunFacts:
    """Read the run `name`.

    Raises UsageError for a name that is no run name, MissingInputError for a run that is not
    there, SuiteError for a damaged file.
    """
    run = Run(name)
    if not run.path("run.json").exists():
        hint = nearest_name(name, runs_with("run.json")) or "; `cxr run` makes one"
        raise MissingInputError(f"There is no run {name!r} in outputs/{hint}.")
    parts = {part: _table(run, f"{part}.csv") for part in ("manifest", "splits", "predictions")}
    metrics, preprocessing = _json(run, "metrics.json"), _json(run, "model/preprocessing.json")
    history = _table(run, "model/history.csv")
    found = {**{f"{part}.csv": table for part, table in parts.items()}, "metrics.json": metrics}
    found["model/history.csv"] = history
    return RunFacts(
        name=name,
        settings=_settings(run),
        record=run.facts(),
        films=_films(parts["manifest"], parts["splits"]),
        objects=0 if parts["manifest"] is None else len(parts["manifest"]),
        history=history,
        preprocessing=preprocessing,
        metrics=metrics,
        predictions=parts["predictions"],
        external=tuple(
            run.read_json(f"external/{path.name}")
            for path in sorted(run.path("external").glob("*.json"))
        ),
        gate_errors=(_json(run, "model/gate.json") or {}).get("errors", {}),
        missing=tuple(_absence(name) for name, content in found.items() if content is None),
    )


def _absence(name: str) -> str:
    maker = MADE_BY[name]
    return f"{name} is not there: {maker} has not finished in this run, so its part is empty."


def _table(run: Run, name: str) -> pd.DataFrame | None:
    return run.read_table(name) if run.path(name).exists() else None


def _json(run: Run, name: str) -> Any | None:
    return run.read_json(name) if run.path(name).exists() else None


def _settings(run: Run) -> dict[str, Any]:
    path = run.path("params.yml")
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def _films(manifest: pd.DataFrame | None, splits: pd.DataFrame | None) -> pd.DataFrame | None:
    if manifest is None:
        return None
    films = manifest[~manifest["reason"].isin(NO_FILMS)]
    if splits is None:
        return films.assign(split=pd.NA)
    return films.merge(splits[["key", "split"]], on="key", how="left")


def finding_words(finding: Any) -> str:
    """A failed check of the audits as one sentence with its name."""
    if isinstance(finding, Mapping):
        return f"{finding.get('name', 'finding')}: {finding.get('sentence', 'failed')}"
    return str(finding)
