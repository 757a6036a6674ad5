"""`cxr compare`: train recipes fold by fold on the same films and put them in one table."""

import sys
import time
from typing import Annotated

import typer

from helpers.core.errors import UsageError
from helpers.core.runs import existing_run
from helpers.suite.console import console, errors


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
        str, typer.Option(help="run: every recipe learns the run's classes; own: the recipe's.")
    ] = "run",
    fold: Annotated[list[int] | None, typer.Option(help="Only these folds (0 to 4).")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Stop cleanly after so long; the same command goes on.")
    ] = None,
    store: Annotated[
        bool, typer.Option("--store", help="Keep the table in params/systems/results/.")
    ] = False,
) -> None:
    """Train what is not done yet, then show every system's scores; stop and go on at any time."""
    from helpers.suite.compare import PROTOCOLS, TASKS, is_done, jobs, recipe, recipe_names, run_job
    from helpers.suite.comparison import store as store_summary
    from helpers.suite.comparison import summarise

    names = systems or recipe_names()
    protocols = protocol or ["patient"]
    _check(protocols, PROTOCOLS, "--protocol")
    _check([task], TASKS, "--task")
    folder = existing_run(run, "splits.csv")
    folds = range(min(recipe(name).folds for name in names))
    began = time.monotonic()
    for job in jobs(names, [task], protocols, fold or folds):
        label = f"{job.system}, by {job.protocol}, fold {job.fold}"
        if is_done(job, folder):
            console.print(f"{label}: done before")
            continue
        left = None if minutes is None else minutes - (time.monotonic() - began) / 60
        if left is not None and left <= 0:
            console.print("The time is up; the same command goes on from here.")
            break
        started = time.monotonic()
        finished = run_job(job, folder, minutes=left, on_progress=_line(label))
        ending = "done" if finished else "time is up; the same command goes on"
        console.print(f"{label}: {ending} ({time.monotonic() - started:.0f} s)")
    summary = summarise(folder, names, [task])
    _show(summary)
    if store:
        path = store_summary(summary, f"cxr compare {' '.join(names)} --run {run} --task {task}")
        console.print(f"Stored as params/systems/results/{path.name}")


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


def _show(summary: dict) -> None:
    from rich.table import Table

    table = Table("system", "by", "folds", "films", "macro-F1", "accuracy", "AUROC", "s/epoch")
    for row in summary["rows"]:
        scores = [_score(row["scores"].get(name)) for name in ("macro_f1", "accuracy", "auroc")]
        numbers = (str(len(row["folds"])), str(row["films"]))
        table.add_row(
            row["system"], row["protocol"], *numbers, *scores, f"{row['seconds_per_epoch']:.1f}"
        )
    console.print(table)
    for pair in summary["differences"]:
        if pair["first"] < pair["second"]:
            shown = _score(pair["differences"]["macro_f1"], signed=True)
            console.print(
                f"{pair['first']} less {pair['second']}, by {pair['protocol']}: macro-F1 {shown}"
            )


def _score(score: dict | None, signed: bool = False) -> str:
    if score is None or score["value"] is None:
        return "-"
    sign = "+" if signed else ""
    interval = "" if score["low"] is None else f" ({score['low']:.3f} to {score['high']:.3f})"
    return f"{score['value']:{sign}.3f}{interval}"
