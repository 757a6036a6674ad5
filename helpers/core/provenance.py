"""Where a result came from: versions of the libraries that shape it, and the code's commit."""

import functools
import platform
import subprocess
from importlib import metadata

from helpers.core.runs import PROJECT

SHAPING_LIBRARIES = (
    *("tensorflow", "keras", "ai-edge-litert", "numpy", "pandas", "scikit-learn", "scipy"),
    *("opencv-python-headless", "pydicom", "boto3", "s3fs", "papermill", "jupyterlab"),
)


def versions() -> dict[str, str]:
    """Installed versions by name; nothing is imported. A missing library reads `not installed`."""
    found = {"python": platform.python_version()}
    for name in SHAPING_LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


@functools.cache
def git_commit() -> str:
    """The checkout's commit, `+changes` behind it when files differ; `unknown` outside git."""
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+changes" if _git("status", "--porcelain", "--untracked=no") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*words: str) -> str:
    result = subprocess.run(
        ["git", "-C", str(PROJECT), *words], capture_output=True, text=True, timeout=10, check=True
    )
    return result.stdout.strip()
