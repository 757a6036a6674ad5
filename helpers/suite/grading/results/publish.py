"""Puts the executed notebooks into a bucket, from where JupyterLab or papermill reads them."""

from pathlib import Path

from helpers.data import storage
from helpers.data.staging import send_changed


def publish_executed(folder: Path, address: str) -> tuple[int, int]:
    """Send `students/*/executed/*.ipynb` of the grader's folder to `s3://bucket/prefix`.

    Returns how many were sent and how many lay there already. Executed notebooks hold what
    students wrote: take a bucket that the class cannot read. Raises UsageError, SuiteError.
    """
    place = storage.parse_address(address)
    prefix = storage.folder_prefix(place.key)
    storage.ensure_bucket(place.bucket)
    found = sorted(folder.glob("students/*/executed/*.ipynb"))
    files = [(path, f"{prefix}{path.parts[-3]}/{path.name}") for path in found]
    sizes = list(send_changed(files, place.bucket, prefix))
    kept = sizes.count(None)
    return len(sizes) - kept, kept
