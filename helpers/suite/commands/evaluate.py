"""`cxr evaluate`: a run's model on a collection that was never in the run."""

import json
import sys
from typing import Annotated, Any

import typer

from helpers.core.runs import existing_run
from helpers.suite.console import console, errors

NOTICE = "For education and research only, never a diagnosis."
UNMAPPED = "no class (not scored)"


def evaluate(
    run: Annotated[str, typer.Option(help="The run whose model is judged.")],
    data: Annotated[
        str,
        typer.Option(help="Folder or s3:// address: class folders, or metadata.csv and images."),
    ],
    metadata: Annotated[
        str | None,
        typer.Option(help="CSV with filename and finding; else a metadata.csv among the data."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole result as JSON.")] = False,
) -> None:
    """Score a run on films from elsewhere; films that the run already holds are left out."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress

    from helpers.suite.external import evaluate_collection

    columns = ("Reading films", BarColumn(), MofNCompleteColumn())
    unseen = not errors.is_terminal
    with Progress(*columns, console=errors, transient=True, disable=unseen) as bar:
        task = bar.add_task("", total=None)
        report = evaluate_collection(
            existing_run(run, "model/labels.json"),
            data,
            metadata,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    if as_json:
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        _show(report)


def _show(report: dict[str, Any]) -> None:
    console.print(f"Run {report['run']} ({report['stamp']}) on {report['data']}\n", markup=False)
    _table(
        ("finding there", "class here", "films"),
        [(row["finding"], row["label"] or UNMAPPED, row["rows"]) for row in report["mapping"]],
    )
    _table(
        ("objects", "status", "reason"),
        [(row["objects"], row["status"], row["reason"]) for row in report["counts"]],
    )
    scores = report["scores"]
    _table(("score", "class", "value", "95 % interval", "n"), _score_rows(scores))
    for note in scores["notes"]:
        console.print(f"Note: {note}", markup=False)
    console.print(NOTICE)


def _score_rows(scores: dict[str, Any]) -> list[tuple]:
    from helpers.model.metrics import flat_scores

    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    return [
        (
            row["metric"],
            row["class"],
            number(row["value"]),
            f"{number(row['low'])} to {number(row['high'])}" if row["low"] is not None else "–",
            row["n"],
        )
        for row in flat_scores(scores)
    ]


def _table(heads: tuple[str, ...], rows: list[tuple]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table, soft_wrap=False)
    console.print()
