"""Puts the executed notebooks into a bucket, from where JupyterLab or papermill reads them."""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path

from helpers.data import storage
from helpers.data.storage_errors import EmptyPrefixError


def publish_executed(folder: Path, address: str) -> tuple[int, int]:
    """Send `students/*/executed/*.ipynb` of the grader's folder to `s3://bucket/prefix`.

    Returns how many were sent and how many lay there already. Executed notebooks hold what
    students wrote: take a bucket that the class cannot read. Raises UsageError, SuiteError.
    """
    place = storage.parse_address(address)
    prefix = storage.folder_prefix(place.key)
    storage.ensure_bucket(place.bucket)
    there = _tags(place.bucket, prefix)
    sent = kept = 0
    for path, key in _executed(folder, prefix):
        content = path.read_bytes()
        digest = hashlib.md5(content, usedforsecurity=False)
        if there.get(key) == digest.hexdigest():
            kept += 1
            continue
        checksum = base64.b64encode(digest.digest()).decode()
        storage.put(place.bucket, key, content, md5=checksum)
        sent += 1
    return sent, kept


def _executed(folder: Path, prefix: str) -> Iterable[tuple[Path, str]]:
    for path in sorted(folder.glob("students/*/executed/*.ipynb")):
        yield path, f"{prefix}{path.parts[-3]}/{path.name}"


def _tags(bucket: str, prefix: str) -> dict[str, str]:
    """Key -> MD5 of what lies there."""
    try:
        return {item.key: item.etag for item in storage.list_objects(bucket, prefix)}
    except EmptyPrefixError:
        return {}
