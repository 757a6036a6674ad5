"""The run folder: names and paths of what notebooks hand to each other, whole files only."""

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from helpers.core.errors import DiskFullError, MissingInputError, SuiteError, UsageError
from helpers.core.params import RUN_NAME, nearest_name

if TYPE_CHECKING:
    import pandas as pd

PROJECT = Path(__file__).resolve().parents[2]
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

# What each notebook leaves in the run folder for those after it.
MADE_BY = {
    "manifest.csv": "01_ingest",
    "metadata.csv": "01_ingest",
    "fingerprints.npy": "03_preprocess",
    "images.npy": "03_preprocess",
    "splits.csv": "03_preprocess",
    "lung_masks.npy": "03_preprocess",
    "model/model.keras": "04_train",
    "model/model.tflite": "04_train",
    "model/labels.json": "04_train",
    "model/preprocessing.json": "04_train",
    "model/history.csv": "04_train",
    "model/gate.json": "04_train",
    "predictions.csv": "05_evaluate",
    "metrics.json": "05_evaluate",
}

# Columns that stay text however numeric they look (a patient "0012" keeps its zeros).
TEXT_COLUMNS = (
    *("key", "sha256", "label", "finding", "patient_id", "view", "source", "licence", "status"),
    *("reason", "sex", "split", "group", "predicted"),
)


def outputs_root() -> Path:
    """The folder of all runs: `CXR_OUTPUTS` if set, else `outputs/` of this checkout."""
    return Path(os.environ.get("CXR_OUTPUTS") or PROJECT / "outputs").absolute()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it there only when all went well.

    A reader never sees a half-written file, and a failed write leaves the old one in place.
    Raises DiskFullError when there is no room.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise DiskFullError(
                f"No space is left for {path.name}; free some disk (`cxr clean` removes old runs)"
            ) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


class Run:
    """One run folder, `outputs/<name>/`; made on first write."""

    def __init__(self, name: str):
        if not RUN_NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is not a run name: use letters, digits, '.', '_' and '-', no path"
            )
        self.name = name
        self.folder = outputs_root() / name

    def __repr__(self) -> str:
        """The name alone: what a notebook shows must be the same on every machine."""
        return f"Run({self.name!r})"

    def path(self, name: str) -> Path:
        """Where `name` (one of the run's own file names) is or will be."""
        return self.folder / name

    def shown(self, name: str = "") -> str:
        """The path as a notebook shows it: the same on every machine."""
        return f"outputs/{self.name}/{name}"

    def require(self, name: str) -> Path:
        """The path of `name`, or a MissingInputError that names the notebook which makes it."""
        path = self.path(name)
        if not path.exists():
            maker = MADE_BY.get(name)
            advice = f"run {maker} first" if maker else "check the run's name"
            raise MissingInputError(f"{self.shown(name)} does not exist yet: {advice}.")
        return path

    def write_json(self, name: str, value: Any) -> Path:
        """Write `value` as indented JSON; NaN is refused, since no JSON reader takes it."""
        with replacing(self.path(name)) as temporary:
            text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
            temporary.write_text(text + "\n", encoding="utf-8")
        return self.path(name)

    def read_json(self, name: str) -> Any:
        """The parsed content of `name`; a damaged file is one clear sentence."""
        try:
            return json.loads(self.require(name).read_text(encoding="utf-8"))
        except ValueError as error:
            maker = MADE_BY.get(name, "its notebook")
            raise SuiteError(
                f"{self.shown(name)} is damaged ({error}); run {maker} again"
            ) from error

    def write_table(self, name: str, table: "pd.DataFrame") -> Path:
        """Write a table as CSV without the index."""
        with replacing(self.path(name)) as temporary:
            table.to_csv(temporary, index=False)
        return self.path(name)

    def read_table(self, name: str) -> "pd.DataFrame":
        """Read a CSV; keys, patients and other names stay text, an empty cell is missing."""
        import pandas as pd

        text = dict.fromkeys(TEXT_COLUMNS, "string")
        # Only the empty cell is missing: "NA" and "None" are words a collection may use.
        return pd.read_csv(
            self.require(name), dtype=text, keep_default_na=False, na_values=[""], low_memory=False
        )

    def record(self, **facts: Any) -> None:
        """Merge `facts` into run.json (versions, device, seconds, data hash, audit stamp)."""
        path = self.path("run.json")
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        for name, value in facts.items():
            both_are_tables = isinstance(value, dict) and isinstance(known.get(name), dict)
            known[name] = known[name] | value if both_are_tables else value
        self.write_json("run.json", known)

    def record_parameters(self, values: dict[str, Any]) -> None:
        """Merge the parameters that a notebook was given into params.yml."""
        path = self.path("params.yml")
        known = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
        with replacing(path) as temporary:
            text = yaml.safe_dump((known or {}) | values, sort_keys=True, allow_unicode=True)
            temporary.write_text(text, encoding="utf-8")

    def facts(self) -> dict[str, Any]:
        """What run.json holds so far (empty before the first notebook)."""
        return self.read_json("run.json") if self.path("run.json").exists() else {}


def runs_with(name: str) -> list[str]:
    """Names of the runs that hold the file `name`, in alphabetical order."""
    root = outputs_root()
    return sorted(path.name for path in root.glob("[!.]*") if (path / name).exists())


def existing_run(name: str, file: str = "run.json") -> Run:
    """The run of that name; UsageError with the nearest run that holds `file` if there is none."""
    run = Run(name)
    if run.folder.is_dir():
        return run
    known = runs_with(file)
    hint = nearest_name(name, known) or (f"; there are {', '.join(known)}" if known else "")
    raise UsageError(f"There is no run '{name}'{hint or '; make it with `cxr run`'}.")
