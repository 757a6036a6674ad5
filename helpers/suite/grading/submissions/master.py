"""What a class is graded against: rubric, instructor's notebooks, hidden tests, seeds."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpers.core.errors import UsageError
from helpers.core.runs import PROJECT
from helpers.suite.exercises.handout import INSTRUCTOR, write_handout
from helpers.suite.exercises.sources import source_notebooks
from helpers.suite.exercises.students import CLASS_FILE, COMMON, Classroom, read_classroom
from helpers.suite.grading.ledger import hash_files, hash_words
from helpers.suite.grading.marks.rubric import Rubric, read_rubric
from helpers.suite.grading.submissions.intake import Submission

# Rooms and modules whose change may change a mark; the rest only shows it.
GRADING_CODE = ("core", "data", "model", "suite/exercises", "suite/grading")
SHOWING_CODE = ("batch", "gradebook", "feedback", "handback", "summary", "lms", "integrity")
SHOWING_CODE += ("pages", "publish", "ledger")


@dataclass(frozen=True)
class Master:
    """The instructor's side of one class; everything lies in the folder of `path`, the rubric."""

    path: Path
    rubric: Rubric
    classroom: Classroom
    believes_stamps: bool = False

    @property
    def folder(self) -> Path:
        """The folder of masters and hidden tests."""
        return self.path.parent

    def seed_of(self, submission: Submission) -> int:
        """The seed a submission runs with: the class's word, or where there is none its own."""
        stamped = submission.stamped_seed() if self.believes_stamps else None
        return self.classroom.seed_of(submission.student.student) if stamped is None else stamped

    @property
    def common_seed(self) -> int:
        """The seed of whoever has none of their own."""
        return self.classroom.seed_of(COMMON)

    def fingerprint(self) -> str:
        """One hash over what a mark depends on besides the submission: these files, our code."""
        wanted = [*self.folder.glob("*.ipynb"), *self.folder.glob("hidden/*.py"), self.path]
        return hash_words(hash_files(wanted, self.folder), _code_hash())


def find_master(path: Path, scratch: Path) -> Master:
    """The instructor's folder around the rubric at `path`.

    A rubric that lies alone, such as params/rubric.yml, is taken with the suite's own exercises,
    written to `scratch`; the seeds are then those that the notebooks name, as no class is known.
    Raises UsageError where the rubric's notebooks are nowhere.
    """
    rubric = read_rubric(path)
    if (path.parent / CLASS_FILE).exists():
        _require(rubric, path.parent.glob("*.ipynb"), path)
        return Master(path.absolute(), rubric, read_classroom(path.parent))
    _require(rubric, source_notebooks(), path)
    write_handout(scratch, class_seed=0, replace=True)
    copy = scratch / INSTRUCTOR / path.name
    shutil.copyfile(path, copy)
    return Master(copy.absolute(), rubric, read_classroom(copy.parent), believes_stamps=True)


def _require(rubric: Rubric, notebooks: Iterable[Path], path: Path) -> None:
    known = {notebook.stem for notebook in notebooks}
    missing = [name for name in rubric.notebooks if name not in known]
    if missing:
        raise UsageError(
            f"{path}: there is no notebook {missing[0]}.ipynb beside the rubric; give the "
            "rubric.yml in the folder instructor/ that `cxr exercises` wrote"
        )


@cache
def _code_hash() -> str:
    root = PROJECT / "helpers"
    files = [path for room in GRADING_CODE for path in (root / room).rglob("*.py")]
    return hash_files([path for path in files if path.stem not in SHOWING_CODE], root)
