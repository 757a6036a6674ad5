"""`cxr doctor`: what was found on this machine, and what to do about each thing missing."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from helpers.suite.console import console

COLOURS = {"ok": "green", "note": "yellow", "missing": "red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Tell what the suite found here; exit 1 when something it needs is missing."""
    from helpers.suite.doctor import examine

    checks = examine()
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        _show(checks)
    raise typer.Exit(int(any(check.status == "missing" for check in checks)))


def _show(checks) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "found", "what to do", box=None, pad_edge=False)
    for check in checks:
        colour = COLOURS[check.status]
        mark = "" if check.status == "ok" else f" ({check.status})"
        subject = f"[{colour}]{check.subject}{mark}[/{colour}]"
        table.add_row(subject, escape(check.found), escape(check.advice))
    console.print(table, soft_wrap=False)
