"""A run's model and results in S3: write them, read them back, and show that nothing changed."""

import hashlib
from pathlib import Path

import pandas as pd

from helpers.core.runs import Run, outputs_root
from helpers.data import storage

MODEL_FILES = ("model/model.tflite", "model/labels.json", "model/preprocessing.json")
# Sent where the run has them; a model is of use without, but less trustworthy.
EVIDENCE_FILES = (
    *("model/model.keras", "model/history.csv", "model/calibration.json", "model/gate.json"),
    *("metrics.json", "predictions.csv", "splits.csv", "params.yml", "run.json"),
)
# Grows while the notebooks run, so a copy of it is out of date at once.
_STILL_WRITTEN = "run.json"


def release_files(run: Run) -> list[str]:
    """The files of a run that make a release, model first.

    Raises MissingInputError naming the notebook that makes a model file which is not there.
    """
    for name in MODEL_FILES:
        run.require(name)
    return [*MODEL_FILES, *(name for name in EVIDENCE_FILES if run.path(name).exists())]


def publish(run: Run, bucket: str, prefix: str) -> str:
    """Upload the release to `s3://bucket/prefix/<run>/` and return that address."""
    storage.ensure_bucket(bucket)
    for name in release_files(run):
        storage.upload(run.path(name), bucket, f"{prefix}/{run.name}/{name}")
    return f"s3://{bucket}/{prefix}/{run.name}/"


def fetch_release(address: str) -> Path:
    """Download the release at `address` to `outputs/.releases/<run>/`, and return that folder.

    Only the file names a release can have are fetched: what else lies there is left alone.
    """
    place = storage.parse_address(address)
    folder = outputs_root() / ".releases" / Run(Path(place.key.rstrip("/")).name).name
    prefix = storage.folder_prefix(place.key)
    stored = {item.key for item in storage.list_objects(place.bucket, place.key)}
    for name in (*MODEL_FILES, *EVIDENCE_FILES):
        if prefix + name in stored:
            storage.download(place.bucket, prefix + name, folder / name)
    return folder


def compare_release(run: Run, copy: Path) -> pd.DataFrame:
    """Each released file with the verdict `identical`, `different` or `missing`."""
    names = [name for name in release_files(run) if name != _STILL_WRITTEN]
    verdicts = [_verdict(run.path(name), copy / name) for name in names]
    return pd.DataFrame({"file": names, "copy": verdicts})


def _verdict(original: Path, copy: Path) -> str:
    if not copy.exists():
        return "missing"
    return "identical" if _sha256(original) == _sha256(copy) else "different"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
