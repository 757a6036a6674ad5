"""`cxr run`: execute the notebooks in order and tell how each one went."""

import os
from pathlib import Path
from typing import Annotated

import typer

from helpers.core.params import load_parameters, parse_override
from helpers.core.runs import PROJECT
from helpers.suite.console import console

SAMPLE = PROJECT / "params" / "sample.yml"


def run(
    params: Annotated[
        list[Path] | None,
        typer.Option(help="Parameter file; more than one are merged, the later wins."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE, over the parameter files.")
    ] = None,
    run_name: Annotated[
        str | None, typer.Option("--run", help="Name of the run folder under outputs/.")
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Begin at this notebook, such as 04_train.")
    ] = None,
    only: Annotated[str | None, typer.Option(help="Execute this notebook alone.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start the run folder anew.")] = False,
    executor: Annotated[
        str | None,
        typer.Option(help="Where films are prepared: number of processes, or dask://HOST:PORT."),
    ] = None,
) -> None:
    """Run the notebooks in order; the same run again resumes where it stopped."""
    from helpers.core.executor import VARIABLE, where_to_run
    from helpers.suite.runner import choose_steps, run_steps

    if where_to_run(executor):  # the notebooks read the variable; no result depends on it
        os.environ[VARIABLE] = str(where_to_run(executor))
    overrides = dict(parse_override(text) for text in set_ or [])
    if run_name:
        overrides["run"] = run_name
    settings = load_parameters(params or [SAMPLE], overrides)
    steps = choose_steps(start, only)
    outcomes = run_steps(steps, settings, fresh=fresh, report=_tell)
    seconds = sum(outcome.seconds for outcome in outcomes)
    console.print(f"Done in {seconds:.0f} s: outputs/{settings.run}/")
    _tell_of_the_store()


def _tell_of_the_store() -> None:
    """Another run may be using the store, so it is left running; its owner is told."""
    from helpers.data import local_s3

    if local_s3.find():
        console.print("The embedded store runs on for the next command; `cxr store stop` ends it.")


def _tell(outcome) -> None:
    took = f"{outcome.seconds:6.1f} s" if outcome.status == "done" else "unchanged"
    console.print(f"{outcome.notebook:<15} {outcome.status:<8} {took}")
