"""`cxr grade`: run what a class handed in, mark it by the rubric, write what goes back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from helpers.suite.console import console

if TYPE_CHECKING:
    from helpers.suite.grading.batch import Graded


def grade(
    submissions: Annotated[
        Path, typer.Argument(help="A folder with a folder or zip a student, or an LMS's download.")
    ],
    rubric: Annotated[
        Path, typer.Option(metavar="YML", help="DIR/instructor/rubric.yml of `cxr exercises`.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Gets marks, gradebook and feedback.")],
    jobs: Annotated[
        str | None,
        typer.Option(metavar="N", help="Submissions at once, or a cluster: dask://HOST:PORT."),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="CSV", help="The class; everyone in it gets a row.")
    ] = None,
    only: Annotated[
        str | None, typer.Option(metavar="STUDENT", help="Grade this student again, nobody else.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Grade everybody again.")] = False,
    override: Annotated[
        str | None,
        typer.Option(metavar="STUDENT=SCORE", help="Set a score by hand; STUDENT= takes it back."),
    ] = None,
    comment: Annotated[str, typer.Option(help="The reason for --override.")] = "",
    fill: Annotated[
        list[Path] | None,
        typer.Option(metavar="CSV", help="An export of Canvas or Moodle to fill the scores into."),
    ] = None,
    executed: Annotated[
        str | None,
        typer.Option(metavar="s3://BUCKET/PREFIX", help="Send the executed notebooks there too."),
    ] = None,
) -> None:
    """Grade a class; the same command again goes on, and grades what is new or changed."""
    from helpers.suite.grading.batch import grade_class, set_by_hand
    from helpers.suite.grading.results.handback import hand_back
    from helpers.suite.grading.submissions.roster import read_roster

    students = read_roster(roster) if roster else []
    if override is not None:
        set_by_hand(out, rubric, override, comment)
    tally: dict[str, int] = {}
    whole = grade_class(
        submissions,
        rubric,
        out,
        roster=students,
        jobs=jobs,
        only=only,
        fresh=fresh,
        report=lambda graded: _tell(graded, tally),
    )
    for sentence in whole.left_out:
        console.print(sentence, markup=False)
    hand_back(whole, out, fill or [])
    _end(out, tally)
    if executed:
        _publish(out, executed)
    raise typer.Exit(int(tally.get("failed", 0) > 0))


def _tell(graded: "Graded", tally: dict[str, int]) -> None:
    """One line a student."""
    from helpers.suite.grading.marks.marking import points

    tally[graded.status] = tally.get(graded.status, 0) + 1
    short = graded.short
    if graded.status == "failed":
        console.print(f"{graded.student:<24} the grader failed: {short['reason']}", markup=False)
        return
    took = f"{short['seconds']:6.1f} s" if graded.status == "graded" else "unchanged"
    line = f"{graded.student:<24} {short['status']:<20} {points(short):<14} {took}"
    console.print(line, markup=False, highlight=False)


def _end(out: Path, tally: dict[str, int]) -> None:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(tally.items()))
    console.print(f"{counts or 'nobody'}: {out}/gradebook.csv, {out}/index.html", markup=False)
    if tally.get("failed"):
        console.print("The same command again grades those that the grader failed on.")


def _publish(out: Path, address: str) -> None:
    from helpers.suite.grading.results.publish import publish_executed

    sent, kept = publish_executed(out, address)
    console.print(f"{address}: {sent} executed notebooks sent, {kept} there already", markup=False)
