"""Judges the answers of one submission: hidden tests, values and floors; each a share and a reason.

Runs in a process of its own (`python -m helpers.suite.grading.judging`), limited in time and
memory: the answers come from outside, and a hidden test may stumble over them.
"""

import contextlib
import importlib.util
import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from helpers.suite.grading.answers import Answers

MEMORY = 4 << 30  # bytes of address space; no TensorFlow is loaded here
WRITTEN = 256 << 20
Verdict = tuple[float, str]


class TooSlowError(BaseException):
    """A check took too long; no `except Exception` in a test swallows it."""


def judge(check: Mapping[str, Any], answers: Answers, seed: int, hidden: Path) -> Verdict:
    """Share of the points (0 to 1) and the reason, which is empty only for a full share."""
    try:
        share, reason = KINDS[check["kind"]](check, answers, seed, hidden)
    except AssertionError as error:
        return 0.0, _sentence(error) or f"Not as asked: {check['title']}."
    except TooSlowError:
        return 0.0, "The check ran too long on this answer."
    except MemoryError:
        return 0.0, "The check needed too much memory for this answer."
    except Exception as error:
        kind = type(error).__name__
        return 0.0, f"The answer is not of the kind the task asks for ({kind}: {_sentence(error)})."
    if not 0 <= share <= 1:
        raise ValueError(f"check {check['id']}: a share is between 0 and 1, not {share}")
    return share, reason if share < 1 else ""


def _hidden(check: Mapping[str, Any], answers: Answers, seed: int, hidden: Path) -> Verdict:
    """A hidden test: it raises, or returns nothing, a share, or a share and a sentence."""
    result = getattr(_module(hidden, check["notebook"]), check["test"])(answers, seed)
    if result is None:
        return 1.0, ""
    share, reason = result if isinstance(result, tuple) else (result, "")
    return float(share), reason or f"Partly right: {float(share):.0%} of what was asked."


def _value(check: Mapping[str, Any], answers: Answers, seed: int, hidden: Path) -> Verdict:
    """An answer against its reference."""
    found = _picked(answers[check["answer"]], check["field"])
    wanted = check["value"]
    if check["reference"]:
        wanted = getattr(_module(hidden, check["notebook"]), f"reference_{check['reference']}")(
            seed
        )
    if agrees(found, wanted, check["absolute"], check["relative"]):
        return 1.0, ""
    return 0.0, f"{_named(check)} is {_short(found)}, which is not the value that was sought."


def _floor(check: Mapping[str, Any], answers: Answers, seed: int, hidden: Path) -> Verdict:
    """A number between the floor (no points) and the aim (all points), a straight line between."""
    found = _picked(answers[check["answer"]], check["field"])
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not math.isfinite(found):
        return 0.0, f"{_named(check)} is {_short(found)}, not a number."
    floor, full = check["floor"], check["full"]
    share = min(1.0, max(0.0, (found - floor) / (full - floor)))
    return share, f"{_named(check)} is {found:.4g}; {full:g} earns all points and {floor:g} none."


KINDS: dict[str, Callable[..., Verdict]] = {"hidden": _hidden, "value": _value, "floor": _floor}


def agrees(found: Any, wanted: Any, absolute: float, relative: float) -> bool:
    """Whether two plain values are equal, numbers within `absolute` or `relative` of `wanted`."""
    import numpy as np

    if hasattr(found, "columns") and hasattr(wanted, "columns"):
        found, wanted = found.to_dict("list"), wanted.to_dict("list")
    if isinstance(wanted, Mapping):
        same = isinstance(found, Mapping) and {str(k) for k in found} == {str(k) for k in wanted}
        by_name = {str(key): value for key, value in wanted.items()}
        return same and all(agrees(found[k], by_name[str(k)], absolute, relative) for k in found)
    if isinstance(wanted, (list, tuple, np.ndarray)):
        if not isinstance(found, (list, tuple, np.ndarray)) or len(found) != len(wanted):
            return False
        return all(agrees(a, b, absolute, relative) for a, b in zip(found, wanted, strict=True))
    numbers = (int, float, np.number)
    if isinstance(wanted, numbers) and not isinstance(wanted, bool):
        plain = isinstance(found, numbers) and not isinstance(found, bool)
        return plain and abs(found - wanted) <= max(absolute, relative * abs(wanted), 1e-12)
    return found == wanted


def _picked(answer: Any, field: str | None) -> Any:
    if field is None:
        return answer
    assert isinstance(answer, Mapping) and field in answer, f"The answer has no entry '{field}'."
    return answer[field]


def _named(check: Mapping[str, Any]) -> str:
    return f"{check['answer']}, {check['field']}," if check["field"] else check["answer"]


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _sentence(error: BaseException) -> str:
    """The first line of an error; pytest-less asserts have none."""
    return next((line.strip()[:400] for line in str(error).splitlines() if line.strip()), "")


_MODULES: dict[Path, ModuleType] = {}


def _module(hidden: Path, notebook: str) -> ModuleType:
    """The hidden tests of a notebook, loaded once, without leaving byte code beside them."""
    path = hidden / f"test_{notebook}.py"
    if path not in _MODULES:
        spec = importlib.util.spec_from_file_location(f"hidden_{notebook}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        _MODULES[path] = module
    return _MODULES[path]


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TooSlowError in the block after `seconds`, where the system can do that."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: Any) -> None:
        raise TooSlowError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limit() -> None:
    """Limits of this process, where the system has them."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Read a job from standard input; write one line of JSON for each check as it is judged."""
    job = json.load(sys.stdin)
    sys.dont_write_bytecode = True
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a hidden test prints is no verdict
    _limit()
    answers, hidden = Answers(Path(job["answers"])), Path(job["hidden"])
    checks: Sequence[Mapping[str, Any]] = job["checks"]
    for check in checks:
        try:
            with _at_most(job["seconds"]):
                share, reason = judge(check, answers, job["seed"], hidden)
        except TooSlowError:  # between two statements of `judge`
            share, reason = 0.0, "The check ran too long on this answer."
        lines.write(json.dumps({"id": check["id"], "share": share, "reason": reason}) + "\n")
        lines.flush()


if __name__ == "__main__":
    main()
