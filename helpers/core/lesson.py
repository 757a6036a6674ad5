"""What every notebook begins with: its parameters checked, its seeds set, its run folder opened."""

import os
import random
import shutil
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.core.params import Parameters, check_parameters
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

    def _repr_markdown_(self) -> str:
        return (
            f"**{self.notebook}** · run `{self.run.name}` · seed {self.settings.seed} · "
            f"device {device_name()}  \n*{NOTICE}*"
        )


def begin(notebook: str, namespace: Mapping[str, Any]) -> Lesson:
    """Check the parameters that the notebook (or papermill) set, and open its run.

    namespace: the notebook's `globals()`. Every plain value in it must be a parameter, so a
    mistyped name that papermill injected is caught here with the nearest real name.
    Raises UsageError for an unknown name or a bad value.
    """
    settings = check_parameters(_plain_values(namespace), notebook)
    random.seed(settings.seed)
    np.random.seed(settings.seed)  # noqa: NPY002 - libraries below still read the global state
    run = Run(settings.run)
    run.folder.mkdir(parents=True, exist_ok=True)
    return Lesson(notebook, settings, run)


def _plain_values(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The notebook's own values, without modules, functions, classes and IPython's names."""
    code = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, type)
    return {
        name: value
        for name, value in namespace.items()
        if not name.startswith("_") and name not in _IPYTHON and not isinstance(value, code)
    }


def device_name() -> str:
    """`GPU` where the NVIDIA driver shows one, else `CPU`; TensorFlow is not asked (8 seconds)."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1")
    return "GPU" if shutil.which("nvidia-smi") and not hidden else "CPU"
