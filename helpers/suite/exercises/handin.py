"""`keep`: hands in the answer to one task as plain data, and says in a sentence what is wrong."""

import json
import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helpers.core.runs import outputs_root, replacing

TASK = re.compile(r"\d\d_[a-z0-9_]{1,40}")
KINDS = (".json", ".npy", ".csv")
MOST_BYTES = 20_000_000
Rule = tuple[str, Callable[[Any], bool]]


@dataclass(frozen=True)
class Verdict:
    """What became of an answer; a notebook shows it as one line."""

    task: str
    handed_in: bool
    fault: str = ""

    def __repr__(self) -> str:
        """One line, the same on every machine."""
        if not self.handed_in:
            return f"{self.task} ✘ not handed in: {self.fault}"
        if self.fault:
            return f"{self.task} ✘ handed in, but: {self.fault}"
        return f"{self.task} ✔ handed in; the self-check finds nothing wrong."


class NotPlainError(ValueError):
    """The answer cannot be written as plain data; the message says why."""


def answers_folder() -> Path:
    """Where answers are left: `CXR_ANSWERS`, else `exercises/answers/` in the outputs folder."""
    return Path(os.environ.get("CXR_ANSWERS") or outputs_root() / "exercises" / "answers")


def keep(task: str, value: Any, *rules: Rule) -> Verdict:
    """Hand in `value` as the answer to `task`, then check it by the rules in order.

    Numbers, text, lists and dictionaries become JSON, an array `.npy`, a table `.csv`; nothing is
    pickled. An earlier answer to the task is replaced, also when the new one cannot be taken.
    rules: pairs (sentence, test); the first test that is not true gives its sentence. Nothing is
    raised for a wrong answer, so that the tasks behind it can still be worked on and graded.
    """
    if not TASK.fullmatch(task):
        raise ValueError(f"{task!r} is no task name; write one such as 01_listing")
    for kind in KINDS:
        (answers_folder() / f"{task}{kind}").unlink(missing_ok=True)
    if _is_open(value):
        return Verdict(task, False, "not answered yet; replace the three dots.")
    try:
        _write(answers_folder() / task, value)
    except NotPlainError as error:
        return Verdict(task, False, str(error))
    return Verdict(task, True, _first_fault(value, rules))


def _is_open(value: Any) -> bool:
    """Whether the prompt's dots are still there, alone or in a list or dictionary."""
    if isinstance(value, Mapping):
        return any(_is_open(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return any(_is_open(part) for part in value)
    return value is ... or value is None


def _first_fault(value: Any, rules: tuple[Rule, ...]) -> str:
    for sentence, holds in rules:
        try:
            good = bool(holds(value))
        except Exception:  # a value of another kind than the rule thought of breaks the rule
            good = False
        if not good:
            return sentence
    return ""


def _write(target: Path, value: Any) -> None:
    import pandas as pd

    if isinstance(value, pd.Series):
        value = value.to_frame()
    if isinstance(value, pd.DataFrame):
        named = any(name is not None for name in value.index.names)
        _put(target, ".csv", value.to_csv(index=named).encode())
    elif isinstance(value, np.ndarray) and value.ndim:
        _put_array(target, value)
    else:
        text = json.dumps(_plain(value), indent=1, ensure_ascii=False, allow_nan=False)
        _put(target, ".json", text.encode())


def _put_array(target: Path, value: np.ndarray) -> None:
    if value.dtype.kind not in "biuf":
        raise NotPlainError(f"an array of numbers is wanted, not of {value.dtype}.")
    if value.nbytes > MOST_BYTES:
        raise NotPlainError(f"the array has {value.nbytes:,} bytes, more than {MOST_BYTES:,}.")
    with replacing(target.with_suffix(".npy")) as temporary, temporary.open("wb") as file:
        np.save(file, value, allow_pickle=False)


def _put(target: Path, kind: str, content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise NotPlainError(f"the answer has {len(content):,} bytes, more than {MOST_BYTES:,}.")
    with replacing(target.with_suffix(kind)) as temporary:
        temporary.write_bytes(content)


def _plain(value: Any) -> Any:
    """The value as JSON knows it: NumPy's and pandas' numbers become Python's."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise NotPlainError(f"a number is {value}; was something divided by zero?")
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {_key(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(part) for part in value]
    raise NotPlainError(
        f"it holds a {type(value).__name__}; hand in numbers, text, lists, dictionaries, "
        "arrays or tables."
    )


def _key(name: Any) -> str:
    if isinstance(name, np.generic):
        name = name.item()
    if isinstance(name, (str, int)):
        return str(name)
    raise NotPlainError(f"a dictionary's keys are text, not {type(name).__name__}.")
