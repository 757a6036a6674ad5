"""The machine's side of `cxr doctor`: GPU, memory, disk, browser, Studio Lab."""

import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import psutil

from helpers.core.runs import outputs_root
from helpers.suite.doctor.check import GIB, Check, gib

SAMPLE_RUN_MEMORY = 4 * GIB
ROOM_FOR_RUNS = 2 * GIB
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
STUDIO_LAB_HOME = Path("/home/studio-lab-user")


def gpu() -> Check:
    """An NVIDIA card, its driver, and whether TensorFlow's CUDA libraries are installed for it."""
    cards = nvidia_cards()
    if not cards:
        return Check("GPU", "note", "none", "Everything runs on the CPU; training takes longer.")
    found = "; ".join(cards)
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all") in ("", "-1"):
        return Check("GPU", "note", f"{found}, hidden", "Unset CUDA_VISIBLE_DEVICES to use it.")
    if not _installed("nvidia-cudnn-cu12"):
        advice = "Install TensorFlow's CUDA libraries with `make setup GPU=1`."
        return Check("GPU", "note", f"{found}, CUDA libraries not installed", advice)
    return Check("GPU", "ok", found)


def nvidia_cards() -> list[str]:
    """Name, memory and driver of each NVIDIA card, as its driver tells; empty without one."""
    if not shutil.which("nvidia-smi"):
        return []
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    rows = (line.split(", ") for line in answer.stdout.splitlines() if line.count(", ") == 2)
    return [f"{name} ({memory}), driver {driver}" for name, memory, driver in rows]


def memory() -> Check:
    """Memory in all and free now, beside what a sample run may take."""
    state = psutil.virtual_memory()
    found = f"{gib(state.total)}, {gib(state.available)} free"
    if state.available < SAMPLE_RUN_MEMORY:
        advice = f"Close other programs: a sample run takes up to {gib(SAMPLE_RUN_MEMORY)}."
        return Check("Memory", "note", found, advice)
    return Check("Memory", "ok", found)


def disk() -> Check:
    """Free space where runs are written."""
    folder = outputs_root()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    found = f"{gib(free)} free for {folder}"
    if not os.access(existing, os.W_OK):
        return Check("Disk", "missing", f"{folder} is not writable", "Set CXR_OUTPUTS elsewhere.")
    if free < ROOM_FOR_RUNS:
        return Check("Disk", "missing", found, "Make room; `cxr clean` removes old runs.")
    return Check("Disk", "ok", found)


def browser() -> Check:
    """A Chromium for the browser tests; using the suite needs none on this machine."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        advice = "Only tests/browser needs it: `apt install chromium`; those tests skip without."
        return Check("Browser", "note", "no Chromium", advice)
    return Check("Browser", "ok", program)


def studio_lab() -> Check:
    """Whether this is SageMaker Studio Lab, whose sessions end after four hours."""
    if not STUDIO_LAB_HOME.is_dir():
        return Check("Studio Lab", "ok", "no, a machine of one's own")
    advice = "Sessions end after 4 hours: set time_budget_minutes and run again to go on."
    return Check("Studio Lab", "note", "yes", advice)


def _installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False
