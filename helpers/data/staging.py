"""Staging: a local collection uploaded to the bucket where its profile expects it."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from helpers.core.errors import SuiteError, UsageError
from helpers.core.params import load_parameters
from helpers.core.runs import PROJECT
from helpers.data import storage
from helpers.data.records import IMAGE_ENDINGS
from helpers.data.storage_errors import EmptyPrefixError

UPLOADS_AT_ONCE = 16
DEFAULT_BUCKET = "chest-films"
_TABLE_ENDINGS = {".csv"}


@dataclass(frozen=True)
class StagingResult:
    """Where a folder went and what became of each of its files (counts; left_out by name)."""

    bucket: str
    prefix: str
    uploaded: int
    already_there: int
    uploaded_bytes: int
    left_out: tuple[str, ...]


def stage_folder(
    folder: Path,
    bucket: str | None = None,
    prefix: str | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> StagingResult:
    """Upload every image and CSV below `folder`, keeping its sub-folders (classes, masks).

    bucket, prefix: where to; else as the profile of the folder's name says (see `destination`).
    A file that is already there with the same size and MD5 is not sent again, so an interrupted
    upload goes on where it stopped. progress: called with (files done, files in all).
    Raises UsageError for a folder that is none, SuiteError for one without an image.
    """
    folder = Path(folder).resolve()
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder: name the folder that holds the collection.")
    wanted, left_out = _sort_out(folder)
    to_bucket, to_prefix = destination(folder, bucket, prefix)
    storage.ensure_bucket(to_bucket)
    jobs = [(file, f"{to_prefix}/{file.relative_to(folder).as_posix()}") for file in wanted]
    sent: list[int] = []
    for number, size in enumerate(send_changed(jobs, to_bucket, to_prefix), 1):
        sent += [size] if size is not None else []
        if progress:
            progress(number, len(wanted))
    return StagingResult(
        to_bucket, to_prefix, len(sent), len(wanted) - len(sent), sum(sent), left_out
    )


def destination(
    folder: Path, bucket: str | None = None, prefix: str | None = None
) -> tuple[str, str]:
    """Bucket and prefix for a folder: as given, else from `params/<its name>.yml`, else
    `chest-films` and its name."""
    profile = PROJECT / "params" / f"{folder.name}.yml"
    settings = load_parameters([profile]) if profile.is_file() else None
    to_bucket = bucket or (settings.bucket if settings else DEFAULT_BUCKET)
    to_prefix = (prefix or (settings.prefix if settings else folder.name)).strip("/")
    if any(part in ("", ".", "..") for part in to_prefix.split("/")):
        raise UsageError(f"--prefix {to_prefix!r} is not a plain folder in the bucket.")
    return to_bucket, to_prefix


def is_wanted(file: Path) -> bool:
    """Whether a file belongs to a collection: an image or DICOM by ending or by its head, a CSV."""
    ending = file.suffix.lower()
    if ending in IMAGE_ENDINGS | _TABLE_ENDINGS:
        return True
    # DICOM files often have no ending, or the last number of an identifier for one.
    if ending and not ending[1:].isdigit():
        return False
    with file.open("rb") as opened:
        return opened.read(132)[128:] == b"DICM"


def _sort_out(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    """Files to upload, and the names of the others; SuiteError when there is no image."""
    wanted, left_out = [], []
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if file.is_file() and not any(part.startswith(".") for part in parts):
            (wanted if is_wanted(file) and _has_a_key(file) else left_out).append(file)
    if all(file.suffix.lower() in _TABLE_ENDINGS for file in wanted):
        raise SuiteError(
            f"{folder} holds no image: name a folder with class folders of films, or with "
            "metadata.csv and images."
        )
    return wanted, tuple(str(file.relative_to(folder)) for file in left_out)


def _has_a_key(file: Path) -> bool:
    """A name that is no valid text (bytes of another encoding) cannot be an object's key."""
    try:
        str(file).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def send_changed(
    files: Sequence[tuple[Path, str]], bucket: str, prefix: str
) -> Iterator[int | None]:
    """Put every (file, key) that is not in the bucket yet; many at once, told in order.

    prefix: below which all the keys lie. Yields the bytes sent for each file, None for one that
    was there with the same size and MD5.
    """
    there = _already_there(bucket, prefix)
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as workers:
        try:
            yield from workers.map(lambda job: _send(bucket, *job, there.get(job[1])), files)
        finally:
            workers.shutdown(cancel_futures=True)


def _already_there(bucket: str, prefix: str) -> dict[str, tuple[int, str]]:
    try:
        return {item.key: (item.size, item.etag) for item in storage.list_objects(bucket, prefix)}
    except EmptyPrefixError:
        return {}


def _send(bucket: str, file: Path, key: str, there: tuple[int, str] | None) -> int | None:
    """Send one file unless the same content is there; the store checks the MD5 on arrival."""
    size = file.stat().st_size
    with file.open("rb") as opened:
        md5 = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False))
        if there == (size, md5.hexdigest()):
            return None
        opened.seek(0)
        storage.put(bucket, key, opened, md5=base64.b64encode(md5.digest()).decode())
    return size
