"""`cxr clean`: remove runs, fetched films or the embedded store, after asking."""

from typing import Annotated

import typer

from helpers.suite.console import console


def clean(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Runs to remove, by name.")
    ] = None,
    runs: Annotated[bool, typer.Option("--runs", help="All runs.")] = False,
    films: Annotated[bool, typer.Option("--films", help="The library of fetched films.")] = False,
    store: Annotated[bool, typer.Option("--store", help="The embedded S3 store.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="All three.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove runs, fetched films or the embedded store; with no word, tell what is there."""
    from helpers.suite import cleaning

    files, size = cleaning.sweep()
    if files:
        console.print(f"{files} half-written files of killed runs removed, {size / 1e6:.1f} MB.")
    chosen = cleaning.find_runs(names) if names else []
    if not names and (runs or everything):
        chosen += cleaning.find_runs()
    chosen += cleaning.find_library() if films or everything else []
    chosen += cleaning.find_store() if store or everything else []
    if not (names or runs or films or store or everything):
        _show(cleaning.find_runs() + cleaning.find_library() + cleaning.find_store())
        console.print("Name runs, or use --runs, --films, --store or --all, to remove them.")
        return
    _show(chosen)
    if chosen and (yes or typer.confirm("Remove these for good?")):
        console.print(f"{cleaning.remove(chosen) / 1e6:.1f} MB freed.")


def _show(leftovers) -> None:
    for leftover in leftovers:
        console.print(f"{leftover.size / 1e6:10.1f} MB  {leftover.what}  ({leftover.path})")
    if not leftovers:
        console.print("There is nothing to remove.")
