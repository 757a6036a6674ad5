"""Collects what the class handed in: folders, zips, the downloads of Canvas and Moodle.

Names from outside are looked at, never used as paths; links are not followed out of their folder.
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from helpers.core.errors import UsageError
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.submissions.archives import (
    MAX_FILE,
    UnreadableArchiveError,
    UnsafeArchiveError,
    unpack,
)
from helpers.suite.grading.submissions.downloads import (
    MOODLE,
    Owners,
    Piece,
    again,
    graded_name,
    read_piece,
    read_stamp,
)
from helpers.suite.grading.submissions.roster import Student, spelled_alike

CLASS_TOTAL = 16 << 30  # bytes that the zip of a whole class may hold
# A notebook, the name it was handed in under, and the file whose time says when.
_Found = tuple[Path, str, Path]


@dataclass(frozen=True)
class Problem:
    """Something that keeps a notebook (or, without a name, the whole submission) from running."""

    status: Status
    reason: str
    notebook: str = ""


@dataclass
class Submission:
    """What one student handed in: notebook name -> the file, and all there is to say about it."""

    student: Student
    on_roster: bool
    notebooks: dict[str, Path] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    late_mark: bool = False
    from_lms: bool = False
    submitted: datetime | None = None

    def stamped_seed(self) -> int | None:
        """The seed that the notebooks themselves name, where they name one and the same."""
        seeds = {read_stamp(path).get("seed") for path in self.notebooks.values()}
        seed = seeds.pop() if len(seeds) == 1 else None
        return seed if isinstance(seed, int) and 0 <= seed < 2**31 else None


def collect(
    place: Path, roster: Sequence[Student], notebooks: Sequence[str], scratch: Path
) -> tuple[list[Submission], list[str]]:
    """All submissions, one for each student of the roster and for each further name found.

    place: a folder (one folder or zip a student, or the unpacked download of an LMS) or that
    download itself as a zip. scratch: an empty folder for what is unpacked; it must live as long
    as the submissions. Returns them with sentences on what was left out. Raises UsageError.
    """
    folder = _class_folder(place, scratch)
    known = {student.student: Submission(student, True) for student in roster}
    owners = Owners(roster)
    left_out = []
    for position, path in enumerate(sorted(folder.iterdir())):
        piece = read_piece(path)
        if piece is None:
            left_out.append(f"{path.name} was left out: neither a student's folder nor a zip.")
            continue
        name = owners.find(piece)
        if name not in known:
            known[name] = Submission(Student(name, name=piece.owner), on_roster=False)
        _take(known[name], piece, notebooks, scratch / f"{position}")
    return sorted(known.values(), key=lambda one: one.student.student.casefold()), left_out


def _class_folder(place: Path, scratch: Path) -> Path:
    """The folder of pieces; an LMS's zip is unpacked first, its top folder stepped into."""
    if place.is_dir():
        return place
    if not place.is_file():
        raise UsageError(f"{place}: no such folder or zip of submissions")
    folder = scratch / "class"
    folder.mkdir(parents=True)
    try:
        for _ in unpack(place, folder, (".ipynb", ".zip"), CLASS_TOTAL):
            pass
    except (UnsafeArchiveError, UnreadableArchiveError) as error:
        raise UsageError(f"{place.name} is not a zip of submissions: {error}") from error
    inside = list(folder.iterdir())
    only = inside[0] if len(inside) == 1 and inside[0].is_dir() else None
    return only if only and not MOODLE.fullmatch(only.name) else folder


def _take(submission: Submission, piece: Piece, notebooks: Sequence[str], scratch: Path) -> None:
    """Add what one piece holds to the submission."""
    submission.late_mark |= piece.late
    submission.from_lms |= piece.lms
    try:
        found = list(_files(submission, piece, scratch))
    except UnsafeArchiveError as error:
        submission.problems.append(Problem(Status.UNSAFE_ARCHIVE, f"The zip is unsafe: {error}."))
        return
    except UnreadableArchiveError as error:
        submission.problems.append(Problem(Status.UNREADABLE_NOTEBOOK, f"{error}."))
        return
    for path, shown, handed in sorted(found, key=lambda one: (again(one[1])[1], one[1])):
        if _take_notebook(submission, path, shown, notebooks):
            # What is inside a zip tells its time without a zone; the zip's own time has one.
            modified = datetime.fromtimestamp(handed.stat().st_mtime, UTC)
            submission.submitted = max(submission.submitted or modified, modified)


def _files(submission: Submission, piece: Piece, scratch: Path) -> Iterator[_Found]:
    """The notebooks of a piece, zips unpacked."""
    if piece.path.is_symlink():
        reason = f"{piece.path.name} is a symbolic link, not a folder."
        submission.problems.append(Problem(Status.UNSAFE_LINK, reason))
    elif piece.path.is_dir():
        for number, path in enumerate(_walk(submission, piece.path)):
            if path.suffix.lower() == ".zip":
                yield from _unpacked(path, scratch / f"{number}")
            else:
                yield path, path.stem, path
    elif piece.path.suffix.lower() == ".zip":
        yield from _unpacked(piece.path, scratch)
    else:
        yield piece.path, piece.rest, piece.path


def _unpacked(archive: Path, folder: Path) -> Iterator[_Found]:
    folder.mkdir(parents=True)
    for path in unpack(archive, folder, (".ipynb",)):
        yield path, path.stem, archive


def _walk(submission: Submission, root: Path) -> Iterator[Path]:
    """Regular notebooks and zips under `root`; a link is a problem, other files are named."""
    real = root.resolve()
    others = []
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in (*folders, *sorted(names)):
            path = Path(place) / name
            if path.is_symlink() and not _inside(path, real):
                submission.problems.append(_bad_link(path))
            elif stat.S_ISREG(path.lstat().st_mode) and not name.startswith("."):
                wanted = path.suffix.lower() in (".ipynb", ".zip")
                if wanted:
                    yield path
                else:
                    others.append(name)
    if others:
        shown = ", ".join(others[:5]) + (" and others" if len(others) > 5 else "")
        submission.notes.append(f"Not looked at, as only notebooks are graded: {shown}.")


def _inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _bad_link(path: Path) -> Problem:
    reason = f"{path.name} is a symbolic link that leads out of the submission's folder."
    name = path.stem if path.suffix.lower() == ".ipynb" else ""
    return Problem(Status.UNSAFE_LINK, reason, name)


def _take_notebook(
    submission: Submission, path: Path, shown: str, notebooks: Sequence[str]
) -> bool:
    """Take one notebook under the name the rubric knows it by, later versions over earlier."""
    name = graded_name(path, shown, notebooks)
    if name is None:
        submission.notes.append(f"{shown}.ipynb is none of the graded notebooks.")
    elif path.stat().st_size > MAX_FILE:
        reason = f"{shown}.ipynb has more than {MAX_FILE >> 20} MiB; clear its outputs."
        submission.problems.append(Problem(Status.UNREADABLE_NOTEBOOK, reason, name))
    else:
        if name in submission.notebooks:
            submission.notes.append(f"{name} was handed in more than once; the last one counts.")
        submission.notebooks[name] = path
        _note_stranger(submission, name, read_stamp(path))
        return True
    return False


def _note_stranger(submission: Submission, name: str, stamp: Mapping[str, Any]) -> None:
    """A notebook that was made for somebody else is worth a word: its numbers cannot fit."""
    owner, mine = str(stamp.get("student") or ""), submission.student.names()
    if owner and submission.on_roster and spelled_alike(owner) not in mine:
        submission.notes.append(
            f"{name} was handed out to somebody else ({owner[:60]}); it ran with your own seed."
        )


def settle(submission: Submission) -> Submission:
    """With the problem of a submission that holds nothing to grade, where it has no other."""
    if submission.notebooks or submission.problems:
        return submission
    reason = "No notebook was handed in."
    if submission.notes:
        reason = f"No graded notebook was handed in. {submission.notes[0]}"
    nothing = Problem(Status.NOTHING_SUBMITTED, reason)
    return replace(submission, problems=[nothing])
