"""The desk of one submission: the only folders it can write to, and what it leaves there."""

import contextlib
import json
import os
import re
import secrets
import shutil
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.data.local_s3 import LocalStore

HOME, OUTPUTS, ANSWERS, SCRATCH = "home", "outputs", "answers", "tmp"
EXECUTED, HANDED_IN = "executed", "handed_in"
_OWN = (HOME, OUTPUTS, ANSWERS, SCRATCH)
_ANSWER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.(json|npy|csv)")
MOST_ANSWERS = 200
LARGEST_ANSWER = 64 * 2**20


@dataclass(frozen=True)
class Desk:
    """Folders of one submission; it owns home, outputs, answers and tmp, the grader the rest."""

    folder: Path

    def writable(self) -> tuple[Path, ...]:
        """The folders that are the submission's own."""
        return tuple(self.folder / name for name in _OWN)

    def prepare(self, user: int | None, port: int = 0) -> None:
        """Make the folders, and give the submission's own (with what lies in them) to `user`.

        port: the only one that its own store can use, 0 for any.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for folder in (*self.writable(), self.folder / EXECUTED):
            folder.mkdir(exist_ok=True)
        (self.folder / EXECUTED).chmod(0o700)
        _give_font_list(self.folder / HOME)
        if port:
            _give_store_port(self.folder / OUTPUTS, port)
        if user is not None:
            self.folder.chmod(0o711)
            for folder in self.writable():
                _give_away(folder, user)

    def environment(self) -> dict[str, str]:
        """The variables that lead programs to this desk."""
        home = self.folder / HOME
        return {
            "HOME": str(home),
            "TMPDIR": str(self.folder / SCRATCH),
            "CXR_OUTPUTS": str(self.folder / OUTPUTS),
            "CXR_ANSWERS": str(self.folder / ANSWERS),
            "IPYTHONDIR": str(home / ".ipython"),
            "MPLCONFIGDIR": str(home / ".config" / "matplotlib"),
        }

    def collect(self) -> None:
        """Copy the plain answers to `handed_in`, which is the grader's, and close the desk.

        Call it when nothing of the submission runs any more. No link is followed, nothing but
        regular files with one name is taken, and neither size nor number can run away.
        """
        target = self.folder / HANDED_IN
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(mode=0o700)
        for name in _answer_names(self.folder / ANSWERS):
            data = read_plain(self.folder / ANSWERS / name, LARGEST_ANSWER)
            if data is not None:
                (target / name).write_bytes(data)
        self.folder.chmod(0o700)


def read_plain(path: Path, most_bytes: int) -> bytes | None:
    """Content of a regular file, or None when it is a link, a pipe, a device or too large.

    The last part of `path` may be anybody's; the folder it lies in must be no link.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        folder = os.open(path.parent, flags | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        with os.fdopen(os.open(path.name, flags, dir_fd=folder), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
                return None
            data = file.read(most_bytes + 1)
            return data if len(data) <= most_bytes else None
    except OSError:
        return None
    finally:
        os.close(folder)


def _answer_names(folder: Path) -> list[str]:
    """Names in the answers folder that can be answers, at most MOST_ANSWERS of them."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if _ANSWER.fullmatch(entry.name))
    return names[:MOST_ANSWERS]


def _give_away(folder: Path, user: int) -> None:
    """Make `user` the owner of `folder` and all in it; links themselves, never their targets."""
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(root) / name, user, user, follow_symlinks=False)
    os.chown(folder, user, user, follow_symlinks=False)


def _give_store_port(outputs: Path, port: int) -> None:
    """Leave the state of a store that has ended: the next start takes its port again."""
    address = f"http://127.0.0.1:{port}"
    ended = LocalStore(address, 0, 0.0, secrets.token_hex(10).upper(), secrets.token_hex(20))
    folder = outputs / ".store-state"
    with contextlib.suppress(FileExistsError):  # of an earlier run: who knows where it leads
        folder.mkdir()
        (folder / "state.json").write_text(json.dumps(asdict(ended)), encoding="utf-8")


def _give_font_list(home: Path) -> None:
    """Copy Matplotlib's list of fonts: building it takes each new home many seconds."""
    known = Path.home() / ".cache" / "matplotlib"
    with contextlib.suppress(FileExistsError):
        (home / ".config").mkdir()
        target = home / ".config" / "matplotlib"
        target.mkdir()
        for file in known.glob("fontlist-*.json"):
            shutil.copyfile(file, target / file.name)
