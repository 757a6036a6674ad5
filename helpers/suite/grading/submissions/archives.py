"""Takes the notebooks out of a zip from outside: nothing leaves its folder, nothing swells up."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

MAX_ENTRIES = 5_000
MAX_FILE = 64 << 20  # bytes; a notebook with many pictures has a few
MAX_TOTAL = 512 << 20
CHUNK = 1 << 20
# RuntimeError is how zipfile says that a password is needed.
DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)


class UnsafeArchiveError(Exception):
    """The zip wants to leave its folder or to fill the disk; its words tell how."""


class UnreadableArchiveError(Exception):
    """The zip is damaged, encrypted or packed in a way we cannot read."""


def unpack(
    archive: Path, folder: Path, suffixes: tuple[str, ...], total: int = MAX_TOTAL
) -> Iterator[Path]:
    """Write the files of `archive` with one of `suffixes` into `folder`, names kept; yield each.

    Every name is checked before the first byte is written; `total` is in bytes. Raises
    UnsafeArchiveError, UnreadableArchiveError.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            for entry in _checked(packed, suffixes, total):
                target = _write(packed, entry, folder, total)
                total -= target.stat().st_size
                yield target
    except DAMAGED as error:
        raise UnreadableArchiveError(f"{archive.name} cannot be unpacked ({error})") from error


def _checked(
    packed: zipfile.ZipFile, suffixes: tuple[str, ...], total: int
) -> list[zipfile.ZipInfo]:
    """The entries we want, once all of them, wanted or not, are known to be harmless."""
    entries = packed.infolist()
    if len(entries) > MAX_ENTRIES:
        raise UnsafeArchiveError(f"it holds {len(entries):,} files, more than {MAX_ENTRIES:,}")
    for entry in entries:
        if leaves_folder(entry.filename):
            raise UnsafeArchiveError(f"its entry {entry.filename[:120]!r} leads out of the folder")
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise UnsafeArchiveError(f"its entry {entry.filename[:120]!r} is a symbolic link")
    wanted = [
        entry
        for entry in entries
        if not entry.is_dir()
        and PurePosixPath(entry.filename).suffix.lower() in suffixes
        and not any(part.startswith((".", "__MACOSX")) for part in entry.filename.split("/"))
    ]
    if sum(entry.file_size for entry in wanted) > total:
        raise UnsafeArchiveError(f"it unpacks to more than {total >> 20} MiB")
    return wanted


def leaves_folder(name: str) -> bool:
    """Whether a name in an archive is a path out of it, on any system."""
    parts = name.replace("\\", "/").split("/")
    absolute = PurePosixPath(name).is_absolute() or bool(PureWindowsPath(name).anchor)
    return absolute or ".." in parts or "\0" in name


def _write(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, total: int) -> Path:
    """Write one entry; the size that the archive claims for it is not believed."""
    target = folder / PurePosixPath(entry.filename.replace("\\", "/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    left = min(MAX_FILE, total)
    with packed.open(entry) as source, target.open("wb") as sink:
        while chunk := source.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise UnsafeArchiveError(f"its entry {entry.filename[:120]!r} swells without end")
            sink.write(chunk)
    return target
