"""Where the panel runs: JupyterLab or Voila, how large an upload arrives, what may be read."""

import json
import os
import re
from pathlib import Path

MEGABYTE = 2**20
# Jupyter's own default: a larger message ends the connection, and nobody is told.
DEFAULT_LIMIT = 10 * MEGABYTE
SHARED_FOLDER = "CXR_PANEL_FOLDER"
LIMIT_SETTING = re.compile(r"websocket_max_message_size\D{1,6}(\d+)")
SAVE_STATE = Path("lab/user-settings/@jupyter-widgets/jupyterlab-manager")


def under_voila() -> bool:
    """Whether visitors of a page, not the owner of the notebook, are at the controls."""
    return os.environ.get("SERVER_SOFTWARE", "").lower().startswith("voila")


def upload_limit() -> int:
    """Bytes that one upload (all its files together) may have on this server.

    Read from the command line of the server, which is the parent of this kernel; a server set up
    by other means counts as one with Jupyter's default.
    """
    words = _server_command()
    found = LIMIT_SETTING.search(words)
    return int(found.group(1)) if found else DEFAULT_LIMIT


def _server_command() -> str:
    """The command line of the process that started this kernel, or nothing."""
    import psutil

    try:
        return " ".join(psutil.Process(os.getppid()).cmdline())
    except psutil.Error:
        return ""


def shared_folder() -> Path | None:
    """The one folder whose films visitors of a Voila page may name (`CXR_PANEL_FOLDER`)."""
    name = os.environ.get(SHARED_FOLDER)
    return Path(name).resolve() if name else None


def inside(folder: Path, place: str) -> Path | None:
    """`place` as a path in `folder`, or None when it would lead out of it (links included)."""
    try:
        path = (folder / place).resolve()
    except (OSError, ValueError):
        return None
    return path if path.is_relative_to(folder) else None


def saves_widget_state() -> bool:
    """Whether this user's JupyterLab writes widget state into saved notebooks (default: no)."""
    folder = Path(os.environ.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter")
    try:
        text = (folder / SAVE_STATE / "plugin.jupyterlab-settings").read_text(encoding="utf-8")
    except OSError:
        return False
    without_comments = re.sub(r"^\s*//.*$|/\*.*?\*/", "", text, flags=re.MULTILINE | re.DOTALL)
    try:
        return bool(json.loads(without_comments).get("saveState"))
    except ValueError:
        return '"saveState": true' in text
