"""`cxr compare`: train recipes fold by fold on the same films and put them in one table."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from helpers.core.errors import MissingInputError, UsageError
from helpers.core.runs import existing_run
from helpers.suite.console import console, errors

if TYPE_CHECKING:
    from helpers.core.runs import Run
    from helpers.suite.compare import Job


def compare(
    systems: Annotated[
        list[str] | None, typer.Argument(help="Recipes of params/systems/ (all by default).")
    ] = None,
    run: Annotated[str, typer.Option(help="Run whose preprocessed films are used.")] = "ozturk",
    protocol: Annotated[
        list[str] | None,
        typer.Option(help="patient (no patient in two splits) or image; repeat for both."),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="run: the run's classes for all (default); own: the recipe's; repeat."),
    ] = None,
    fold: Annotated[list[int] | None, typer.Option(help="Only these folds (0 to 4).")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Stop cleanly after so long; the same command goes on.")
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the table in params/systems/results/.")
    ] = False,
) -> None:
    """Train what is not done yet, then show every system's scores; stop and go on at any time."""
    from helpers.suite.compare import PROTOCOLS, TASKS, jobs, recipe, recipe_names
    from helpers.suite.comparison import store as store_summary
    from helpers.suite.comparison import summarise

    names = systems or recipe_names()
    protocols, tasks = protocol or ["patient"], task or ["run"]
    _check(protocols, PROTOCOLS, "--protocol")
    _check(tasks, TASKS, "--task")
    folder = existing_run(run, "splits.csv")
    folds = range(min(recipe(name).folds for name in names))
    _train(jobs(names, tasks, protocols, fold or folds), folder, minutes)
    summary = summarise(folder, recipe_names() if store else names)
    _show(summary, names)
    if store:
        path = store_summary(summary)
        console.print(f"Stored as params/systems/results/{path.name}")


def _train(wanted: list["Job"], folder: "Run", minutes: float | None) -> None:
    """Train what is not done; a recipe whose weights are not here is named and left out."""
    from helpers.suite.compare import has_own_task, is_done, run_job

    began, missing = time.monotonic(), set()
    for job in wanted:
        same = job.task == "own" and not has_own_task(job.system, folder)
        if same or job.system in missing:
            continue
        label = f"{job.system}, {job.task} classes, by {job.protocol}, fold {job.fold}"
        if is_done(job, folder):
            console.print(f"{label}: done before")
            continue
        left = None if minutes is None else minutes - (time.monotonic() - began) / 60
        if left is not None and left <= 0:
            console.print("The time is up; the same command goes on from here.")
            break
        started = time.monotonic()
        try:
            finished = run_job(job, folder, minutes=left, on_progress=_line(label))
        except MissingInputError as error:
            missing.add(job.system)
            console.print(f"{job.system}: not run. {error}")
            continue
        ending = "done" if finished else "time is up; the same command goes on"
        console.print(f"{label}: {ending} ({time.monotonic() - started:.0f} s)")


def _check(given: list[str], known: tuple[str, ...], option: str) -> None:
    for word in given:
        if word not in known:
            raise UsageError(f"{option} {word}: choose {' or '.join(known)}.")


def _line(label: str):
    """One updating line on a terminal; nothing where output goes to a file."""
    if not sys.stderr.isatty():
        return None
    last = [0.0]

    def show(progress) -> None:
        if time.monotonic() - last[0] > 0.5:
            last[0] = time.monotonic()
            where = f"epoch {progress.epoch}/{progress.epochs} batch {progress.step}"
            errors.print(f"{label}: {where}/{progress.steps}   ", end="\r")

    return show


def _show(summary: dict, names: list[str]) -> None:
    from rich.box import SIMPLE
    from rich.table import Table

    columns = ("system", "classes", "by", "folds", "films", "macro-F1", "accuracy", "AUROC")
    table = Table(*columns, box=SIMPLE, padding=(0, 1, 0, 0))
    for row in (row for row in summary["rows"] if row["system"] in names):
        scores = [_score(row["scores"].get("macro_f1"))]  # intervals of all would need 120 columns
        scores += [f"{row['scores'][name]['value']:.3f}" for name in ("accuracy", "auroc")]
        numbers = (str(len(row["folds"])), str(row["films"]))
        what = (row["system"], str(len(row["classes"])), row["protocol"])
        table.add_row(*what, *numbers, *scores)
    console.print(table)
    for pair in summary["differences"]:
        if {pair["first"], pair["second"]} <= set(names):
            shown = _score(pair["differences"]["macro_f1"], signed=True)
            how = f"{pair['task']} classes, by {pair['protocol']}"
            console.print(f"{pair['first']} less {pair['second']}, {how}: macro-F1 {shown}")


def _score(score: dict | None, signed: bool = False) -> str:
    if score is None or score["value"] is None:
        return "-"
    sign = "+" if signed else ""
    interval = "" if score["low"] is None else f" ({score['low']:.3f} to {score['high']:.3f})"
    return f"{score['value']:{sign}.3f}{interval}"
