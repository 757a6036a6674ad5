"""`cxr store`: the embedded S3 store by hand."""

import json
from typing import Annotated

import typer

from helpers.suite.console import console

app = typer.Typer(help="Start, stop and show the embedded S3 store.", no_args_is_help=True)


@app.command()
def start() -> None:
    """Start the store (notebooks and commands do it by themselves)."""
    from helpers.data import local_s3

    console.print(f"The embedded store answers at {local_s3.start().endpoint}.")


@app.command()
def stop() -> None:
    """Stop the store; what it holds stays."""
    from helpers.data import local_s3

    console.print(
        "The embedded store has stopped." if local_s3.stop() else "The embedded store did not run."
    )


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whether the store runs, where, and which buckets it has."""
    from helpers.data import local_s3

    store, folder = local_s3.find(), local_s3.buckets_folder()
    buckets = sorted(path.name for path in folder.glob("*") if path.is_dir())
    if as_json:
        endpoint = store.endpoint if store else None
        print(json.dumps({"running": bool(store), "endpoint": endpoint, "buckets": buckets}))
        return
    console.print(f"Running at {store.endpoint}." if store else "Not running.")
    console.print(f"Buckets in {folder}: {', '.join(buckets) or 'none yet'}.", markup=False)


@app.command()
def env() -> None:
    """Print what other S3 clients need: eval "$(cxr store env)"."""
    from helpers.data import local_s3

    for name, value in local_s3.start().environment().items():
        print(f"export {name}={value}")
