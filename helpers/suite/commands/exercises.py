"""`cxr exercises`: the notebooks to hand out to a class, and what its instructor keeps."""

from pathlib import Path
from typing import Annotated

import typer

from helpers.suite.console import console


def exercises(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Gets the folders student/ and instructor/.")
    ],
    roster: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="A folder for each student of its column 'student'."),
    ] = None,
    class_seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Decides all data; drawn once if not given."),
    ] = None,
    source: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Source notebooks of your own.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over files that were changed.")
    ] = False,
) -> None:
    """Write exercise notebooks for a class: tasks for students, solutions for the instructor."""
    from helpers.suite.exercises.handout import write_handout
    from helpers.suite.exercises.sources import SOURCE
    from helpers.suite.grading.submissions.roster import read_roster

    students = [one.student for one in read_roster(roster)] if roster else []
    done = write_handout(
        out, students, class_seed, source=source or SOURCE, replace=replace
    ).classroom
    sets = f"{len(students)} students" if students else "all students alike"
    console.print(f"{out}/student: notebooks for {sets}, version {done.version}", markup=False)
    console.print(
        f"{out}/instructor: solutions, hidden tests, rubric and class.yml; keep it to yourself",
        markup=False,
    )
