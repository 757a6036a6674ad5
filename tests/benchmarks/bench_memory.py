"""Peak memory: flat as the collection grows, and a whole sample run within a small machine."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks.processes import PROJECT, python

FEW, MANY = 300, 3000
STEPS = ("01_ingest", "03_preprocess")


def run() -> list[dict]:
    """Growth of ingest and preprocess, and the peak of `cxr run` with all its processes."""
    rows = [_growth(step) for step in _peaks()]
    return [*rows, _whole_run()]


def _peaks() -> list[tuple[str, float, float]]:
    """Notebook, peak bytes with FEW films, peak bytes with MANY."""
    peaks = {films: _peak_of_each(films) for films in (FEW, MANY)}
    return [(name, peaks[FEW][name], peaks[MANY][name]) for name in STEPS]


def _peak_of_each(films: int) -> dict[str, float]:
    """Each notebook's cells in a process of their own, on the same generated collection."""
    peaks = {}
    with tempfile.TemporaryDirectory() as outputs:
        for name in ("01_ingest", *STEPS):  # the first time, 01_ingest also generates the films
            words = ["-m", "tests.benchmarks.one_process", name, "--set", f"generate_films={films}"]
            printed = python(words, outputs)
            peaks[name] = json.loads(printed.splitlines()[-1])["peak_bytes"]
        python(["-m", "helpers", "store", "stop"], outputs)
    return peaks


def _growth(step: tuple[str, float, float]) -> dict:
    name, few, many = step
    return {
        "what": f"{name}: peak memory with {MANY} films over {FEW}",
        "measured": many / few,
        "at_most": 1.25,
        "detail": f"{many / 2**20:.0f} MB against {few / 2**20:.0f} MB",
    }


def _whole_run() -> dict:
    with tempfile.TemporaryDirectory() as outputs:
        environment = os.environ | {"CXR_OUTPUTS": outputs}
        command = [sys.executable, "-m", "helpers", "run"]
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
        peak, server = 0, 0
        while process.poll() is None:
            peak = max(peak, _memory_of_tree(process.pid) + server)
            server = _server_memory(outputs)
            time.sleep(0.2)
        python(["-m", "helpers", "store", "stop"], outputs)
    if process.returncode:
        raise RuntimeError("the sample run failed: `cxr run` tells why")
    return {
        "what": "a whole sample run, kernels and store together, at its peak",
        "measured": peak / 2**30,
        "unit": "GB",
        "at_most": 4.0,
    }


def _memory_of_tree(pid: int) -> int:
    """Resident bytes of a process and everything it started."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return 0
    return sum(map(_resident, family))


def _server_memory(outputs: str) -> int:
    """The embedded store outlives its starter, so it is not in the tree."""
    state = Path(outputs) / ".store-state" / "state.json"
    try:
        return _resident(psutil.Process(json.loads(state.read_text())["pid"]))
    except (OSError, ValueError, psutil.Error):
        return 0


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0
