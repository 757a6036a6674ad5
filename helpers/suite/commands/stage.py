"""`cxr stage`: upload a local collection to the store."""

from pathlib import Path
from typing import Annotated

import typer

from helpers.suite.console import console

LEFT_OUT_SHOWN = 3


def stage(
    folder: Annotated[
        Path, typer.Argument(help="Class folders of films, or metadata.csv and images.")
    ],
    bucket: Annotated[
        str | None, typer.Option(help="Bucket; else as the folder's profile says.")
    ] = None,
    prefix: Annotated[
        str | None, typer.Option(help="Folder in it; else as the profile says.")
    ] = None,
) -> None:
    """Upload FOLDER to where the profile of its name expects it; run again, it goes on."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from helpers.data.staging import stage_folder

    columns = ("Uploading", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    unseen = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=unseen) as bar:
        task = bar.add_task("", total=None)
        result = stage_folder(
            folder,
            bucket,
            prefix,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    size = f"{result.uploaded_bytes / 1e6:.1f} MB"
    console.print(
        f"s3://{result.bucket}/{result.prefix}/: {result.uploaded} files uploaded ({size}), "
        f"{result.already_there} already there.",
        markup=False,
    )
    if result.left_out:
        names = ", ".join(result.left_out[:LEFT_OUT_SHOWN])
        more = " …" if len(result.left_out) > LEFT_OUT_SHOWN else ""
        count = len(result.left_out)
        console.print(f"{count} left out, neither image nor CSV: {names}{more}", markup=False)
