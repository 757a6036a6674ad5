"""What every notebook begins with: its parameters checked, its seeds set, its run folder opened."""

import os
import random
import shutil
import types
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.core.params import Parameters, check_parameters
from helpers.core.provenance import git_commit, versions
from helpers.core.runs import Run

NOTICE = "For education and research only. This is not a medical device and never a diagnosis."
# Names that IPython itself keeps beside ours.
_IPYTHON = {"In", "Out", "exit", "quit", "open", "get_ipython"}


@dataclass(frozen=True)
class Lesson:
    """One notebook at work: its name, its settings and its run folder."""

    notebook: str
    settings: Parameters
    run: Run

    def __repr__(self) -> str:
        """One line, for front ends that show no Markdown."""
        return f"{self.notebook} · run {self.run.name} · seed {self.settings.seed}"

    def _repr_markdown_(self) -> str:
        return (
            f"**{self.notebook}** · run `{self.run.name}` · seed {self.settings.seed} · "
            f"device {device_name()}  \n*{NOTICE}*"
        )


def begin(notebook: str, namespace: MutableMapping[str, Any]) -> Lesson:
    """Check the parameters that the notebook (or papermill) set, and open its run.

    namespace: the notebook's `globals()`. Every plain value in it must be a parameter, so a
    mistyped name that papermill injected is caught here with the nearest real name.
    Raises UsageError for an unknown name or a bad value.
    """
    given = _parameters_in(namespace)
    settings = check_parameters(given, notebook)
    random.seed(settings.seed)
    np.random.seed(settings.seed)  # libraries below still read NumPy's global state
    run = Run(settings.run)
    run.record_parameters(given)
    run.record(versions=versions(), device=device_name(), git_commit=git_commit())
    return Lesson(notebook, settings, run)


def _parameters_in(namespace: MutableMapping[str, Any]) -> dict[str, Any]:
    """The plain values that stood in the notebook before its first line of code ran.

    A cell run a second time finds the notebook's own variables too, so the names seen the first
    time are remembered in the notebook.
    """
    code = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)
    names = namespace.setdefault(
        "_parameter_names",
        [
            name
            for name, value in namespace.items()
            if not name.startswith("_") and name not in _IPYTHON and not isinstance(value, code)
        ],
    )
    return {name: namespace[name] for name in names if name in namespace}


def device_name() -> str:
    """`GPU` where the NVIDIA driver shows one, else `CPU`; TensorFlow is not asked (8 seconds)."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")
    return "GPU" if shutil.which("nvidia-smi") and not hidden else "CPU"
