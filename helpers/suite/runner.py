"""Runs the notebooks in order through papermill; skips what has not changed; keeps what failed."""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.core.errors import SuiteError
from helpers.core.params import Parameters
from helpers.core.runs import PROJECT, Run
from helpers.suite.lessons import STEPS, Step, code_of, find_step

if TYPE_CHECKING:
    from traitlets.config import Config


@dataclass(frozen=True)
class Outcome:
    """How one notebook went."""

    notebook: str
    status: str  # done | skipped
    seconds: float


def choose_steps(start: str | None, only: str | None) -> Sequence[Step]:
    """The steps asked for: all, those from `start` on, or `only` one."""
    if only:
        position = find_step(only)
        return STEPS[position : position + 1]
    return STEPS[find_step(start) if start else 0 :]


def run_steps(
    steps: Sequence[Step],
    settings: Parameters,
    *,
    fresh: bool = False,
    report: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Execute `steps` in the run folder of `settings.run`; call `report` after each.

    A step whose parameters, code and inputs are those of its last good execution is skipped.
    Raises SuiteError naming notebook, cell and error; the partly executed notebook is kept.
    """
    run = Run(settings.run)
    if fresh and len(steps) == len(STEPS):
        shutil.rmtree(run.folder, ignore_errors=True)
    elif fresh:
        run.record(notebooks={step.name: {} for step in steps})
    outcomes = []
    for step in steps:
        outcomes.append(_run_step(step, settings, run))
        report(outcomes[-1])
    return outcomes


def _run_step(step: Step, settings: Parameters, run: Run) -> Outcome:
    parameters = declared_parameters(step, settings)
    mark = _fingerprint(step, parameters, settings, run)
    last = run.facts().get("notebooks", {}).get(step.name, {})
    written = all(run.path(name).exists() for name in (*step.writes, f"{step.name}.ipynb"))
    if written and last.get("fingerprint") == mark:
        return Outcome(step.name, "skipped", 0.0)
    # Forget the last good run first: if this one fails, the step must not be skipped next time.
    _remember(run, step, {})
    started = time.perf_counter()
    _execute(step, parameters, run)
    seconds = round(time.perf_counter() - started, 2)
    # 01_ingest fills the bucket on its first run, so its input is read again afterwards.
    mark = _fingerprint(step, parameters, settings, run)
    _remember(run, step, {"fingerprint": mark, "seconds": seconds})
    return Outcome(step.name, "done", seconds)


def _remember(run: Run, step: Step, facts: dict) -> None:
    run.record(notebooks={step.name: facts})


def declared_parameters(step: Step, settings: Parameters) -> dict:
    """The settings that the notebook's parameters cell declares, and no others."""
    import papermill

    declared = papermill.inspect_notebook(step.path)
    values = settings.model_dump()
    return {name: values[name] for name in declared if name in values}


def _execute(step: Step, parameters: dict, run: Run) -> None:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    target = run.path(f"{step.name}.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    bar = {"desc": step.name, "leave": False} if sys.stderr.isatty() else False
    try:
        with private_channel() as config, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            papermill.execute_notebook(
                step.path,
                target,
                parameters,
                kernel_name="python3",
                progress_bar=bar,
                cwd=PROJECT,
                config=config,
            )
    except PapermillExecutionError as error:
        raise SuiteError(
            f"{step.name} failed in cell [{error.exec_count}], {error.ename}: "
            f"{' '.join(error.evalue.split())} (kept: {run.shown(target.name)})"
        ) from error
    except DeadKernelError as error:
        raise SuiteError(
            f"{step.name}: its kernel died, most often for want of memory; close other programs "
            f"or lower image_size (kept: {run.shown(target.name)})"
        ) from error


@contextlib.contextmanager
def private_channel() -> Iterator["Config"]:
    """Settings with which a kernel talks over socket files of this user, not over open TCP ports.

    The files lie in a folder of their own, removed with the block; where there are no such
    sockets (Windows) the settings are empty.
    """
    from traitlets.config import Config

    with tempfile.TemporaryDirectory(prefix="cxr-") as folder:
        socket = {"transport": "ipc", "ip": f"{folder}/kernel"}
        yield Config({"KernelManager": socket} if os.name == "posix" else {})


def _fingerprint(step: Step, parameters: dict, settings: Parameters, run: Run) -> str:
    """One hash over parameters, code and inputs of a step."""
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
    digest.update(code_of(step.path).encode())
    digest.update(_helpers_code())
    for name in step.reads:
        path = run.path(name)
        digest.update(name.encode())
        digest.update(_file_hash(path) if path.exists() else b"missing")
    if not step.reads:
        digest.update(_listing(settings).encode())
    return digest.hexdigest()


def _file_hash(path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _helpers_code() -> bytes:
    """The code that notebooks call: every room but `suite`, which only starts them."""
    files = sorted((PROJECT / "helpers").rglob("*.py"))
    rooms = [file for file in files if "suite" not in file.parts]
    return hashlib.sha256(b"".join(file.read_bytes() for file in rooms)).digest()


def _listing(settings: Parameters) -> str:
    """What the bucket holds now: the input of 01_ingest."""
    from helpers.data.storage import list_objects

    try:
        found = list_objects(settings.bucket, settings.prefix)
        return "\n".join(f"{item.key} {item.size} {item.etag}" for item in found)
    except SuiteError as error:  # 01_ingest itself fills an empty bucket, or says what is wrong
        return str(error)
