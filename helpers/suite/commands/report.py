"""`cxr report`: the papers of a run, to read, print and hand in."""

from typing import Annotated

import typer

from helpers.suite.console import console


def report(
    run: Annotated[str, typer.Option("--run", metavar="NAME", help="The run to report.")],
    compare: Annotated[
        list[str] | None,
        typer.Option("--compare", metavar="OTHER", help="Another run beside it; may be repeated."),
    ] = None,
) -> None:
    """Write report.html, model_card.md, datasheet.md, claim.md and tripod_ai.md of a run."""
    from helpers.suite.report import write_report

    for path in write_report(run, compare or []):
        console.print(f"outputs/{run}/{path.name}", markup=False)
