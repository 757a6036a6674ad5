"""What has been graded so far, on disk: one folder a student, one line for each grading.

OUT/students/<name>/submitted/, executed/, mark.json     OUT/ledger.jsonl     OUT/overrides.json
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from helpers.core.errors import SuiteError, UsageError
from helpers.core.runs import replacing
from helpers.suite.grading.marks.mark import Mark, Override
from helpers.suite.grading.submissions.roster import safe_name


class Ledger:
    """The grader's output folder; whole files only, so that a killed grader loses nothing."""

    def __init__(self, folder: Path):
        self.folder = folder

    @contextlib.contextmanager
    def open(self) -> Iterator["Ledger"]:
        """Make the folder, closed to other users, and hold it: two graders would mix their marks.

        Raises SuiteError while another grader works in it.
        """
        if not self.folder.exists():
            self.folder.mkdir(parents=True, mode=0o700)
        with (self.folder / ".lock").open("w") as lock:
            _hold(lock, self.folder)
            self._sweep()
            yield self

    def scratch(self, kind: str) -> Path:
        """A new folder for work that is thrown away, in the system's place for such."""
        return Path(tempfile.mkdtemp(prefix=f"cxr-{kind}-{self._tag}-"))

    def _sweep(self) -> None:
        """Remove what a grader that was killed left there; whoever holds the lock is alone."""
        for folder in Path(tempfile.gettempdir()).glob(f"cxr-*-{self._tag}-*"):
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def _tag(self) -> str:
        """A word for this folder, the same for each grader that works in it."""
        return hash_words(str(self.folder))[:8]

    def place(self, student: str) -> Path:
        """The folder of one student."""
        return self.folder / "students" / safe_name(student)

    def entry(self, student: str) -> dict[str, Any]:
        """What stands in mark.json: `mark`, `fingerprint`, `submission`; empty when not graded."""
        return self._read(self.place(student) / "mark.json")

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            return {}  # damaged by a full disk, say: it is graded again

    def students(self) -> list[str]:
        """Everyone with a mark."""
        entries = (self._read(path) for path in self.folder.glob("students/*/mark.json"))
        return sorted(entry["mark"]["student"] for entry in entries if entry)

    def mark(self, student: str) -> Mark | None:
        """The mark as it counts, an override included; None when not graded yet."""
        entry = self.entry(student)
        if not entry:
            return None
        return Mark.from_dict(entry["mark"]).overridden(self.overrides().get(student))

    def store_submission(self, student: str, notebooks: Mapping[str, Path]) -> None:
        """Keep a copy of what was handed in: that, and nothing that changes later, is graded."""
        target = self.place(student) / "submitted"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name, path in notebooks.items():
            shutil.copyfile(path, target / f"{name}.ipynb")

    def write(self, mark: Mark, fingerprint: str, submission: str) -> None:
        """Write mark.json, then the line of the ledger."""
        entry = {"fingerprint": fingerprint, "submission": submission, "mark": mark.to_dict()}
        _write_json(self.place(mark.student) / "mark.json", entry)
        names = ("student", "status", "score", "max_score", "seconds", "attempt", "reason")
        line = {"when": now(), **{name: getattr(mark, name) for name in names}}
        with (self.folder / "ledger.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def overrides(self) -> dict[str, Override]:
        """Student -> the score set by hand."""
        path = self.folder / "overrides.json"
        if not path.exists():
            return {}
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return {student: Override(**values) for student, values in found.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise SuiteError(
                f"{path} is damaged ({error}); mend it or delete it, then set the scores again"
            ) from error

    def override(self, student: str, score: float | None, comment: str) -> None:
        """Set a score by hand, with the reason; None takes an earlier one back."""
        if score is not None and not comment.strip():
            raise UsageError(f"--override {student}={score:g} needs --comment with the reason")
        found = self.overrides()
        if score is None:
            found.pop(student, None)
        else:
            found[student] = Override(float(score), comment.strip(), now())
        values = {name: vars(one) for name, one in sorted(found.items())}
        _write_json(self.folder / "overrides.json", values)


def _hold(lock: IO[str], folder: Path) -> None:
    """Lock an open file until it is closed or its process ends, where the system can."""
    try:
        import fcntl
    except ImportError:  # Windows, where nothing is graded anyway
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise SuiteError(
            f"Another grader is at work in {folder}; wait for it, or give another --out"
        ) from error


def now() -> str:
    """This moment in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def hash_files(paths: Iterable[Path], root: Path) -> str:
    """One hash over names below `root` and contents of files."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(root)}\0".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def hash_words(*parts: Any) -> str:
    """One hash over plain values."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _write_json(path: Path, value: Any) -> None:
    with replacing(path) as temporary:
        # Plain ASCII: a file name that is no Unicode has no other spelling that comes back.
        temporary.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="ascii")
