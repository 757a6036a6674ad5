"""`cxr bench`: measure the suite's ratios on this machine and keep them in outputs/."""

from typing import Annotated

import typer

from helpers.suite.console import console


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Benchmarks; all if none.")
    ] = None,
) -> None:
    """Run tests/benchmarks/, print a table and write outputs/benchmarks.json."""
    from helpers.suite import benchmarks

    found = []
    for path in benchmarks.find_benchmarks(names or []):
        console.print(f"{path.stem} ...")
        found += benchmarks.run_benchmark(path)
    _show(found)
    console.print(f"Written to {_write(found)}")


def _show(found) -> None:
    from rich.table import Table

    table = Table("what", "measured", "aim", "detail", box=None, pad_edge=False)
    for row in found:
        colour = "green" if row.reached else "red"
        table.add_row(row.what, f"[{colour}]{row.measured:.2f} {row.unit}[/]", row.aim, row.detail)
    console.print(table, soft_wrap=False)


def _write(found):
    """Keep the new rows beside those of benchmarks that did not run this time."""
    import json
    from dataclasses import asdict

    import psutil

    from helpers.core.provenance import git_commit, versions
    from helpers.core.runs import outputs_root, replacing

    path = outputs_root() / "benchmarks.json"
    before = json.loads(path.read_text())["measurements"] if path.exists() else []
    now = {row.benchmark for row in found}
    rows = [row for row in before if row["benchmark"] not in now]
    rows += [asdict(row) | {"reached": row.reached, "code": git_commit()} for row in found]
    machine = {"cores": psutil.cpu_count(), "memory": psutil.virtual_memory().total}
    facts = {"versions": versions(), "machine": machine, "measurements": rows}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(facts, indent=2) + "\n")
    return path
