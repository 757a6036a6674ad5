"""Judges the answers of one submission: hidden tests, values and floors; each a share and a reason.

Answers come from outside and a hidden test may stumble over them, so this runs in the limited
process of `court`.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from helpers.suite.grading.marks.answers import Answers

Verdict = tuple[float, str]
Function = Callable[..., Any] | None


class TooSlowError(BaseException):
    """A check took too long; no `except Exception` in a test swallows it."""


class BrokenTestError(Exception):
    """A hidden test is at fault, not the answer; its words are for the instructor."""


def judge(check: Mapping[str, Any], answers: Answers, seed: int, hidden: Path) -> Verdict:
    """Share of the points (0 to 1) and the reason, which is empty only for a full share.

    Raises BrokenTestError for a hidden test that cannot be run or returns no share.
    """
    function = hidden_function(check, hidden)
    try:
        share, reason = KINDS[check["kind"]](check, answers, seed, function)
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
        raise BrokenTestError(f"check '{check['id']}' returned {share}; return 0 to 1 or nothing")
    return share, reason if share < 1 else ""


def _hidden(check: Mapping[str, Any], answers: Answers, seed: int, test: Function) -> Verdict:
    """A hidden test: it raises, or returns nothing, a share, or a share and a sentence."""
    result = test(answers, seed)
    if result is None:
        return 1.0, ""
    share, reason = result if isinstance(result, tuple) else (result, "")
    return float(share), reason or f"Partly right: {float(share):.0%} of what was asked."


def _value(check: Mapping[str, Any], answers: Answers, seed: int, reference: Function) -> Verdict:
    """An answer against its reference."""
    found = _picked(answers[check["answer"]], check["field"])
    wanted = reference(seed) if reference else check["value"]
    if agrees(found, wanted, check["absolute"], check["relative"]):
        return 1.0, ""
    return 0.0, f"{_named(check)} is {_short(found)}, which is not the value that was sought."


def _floor(check: Mapping[str, Any], answers: Answers, seed: int, nothing: Function) -> Verdict:
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


def hidden_function(check: Mapping[str, Any], hidden: Path) -> Function:
    """The function of the hidden file that a check names; None where it names none."""
    named = {"hidden": check.get("test"), "value": check.get("reference")}.get(check["kind"])
    if not named:
        return None
    name = named if check["kind"] == "hidden" else f"reference_{named}"
    module = hidden_module(hidden / f"test_{check['notebook']}.py")
    if not hasattr(module, name):
        raise BrokenTestError(f"{hidden.name}/test_{check['notebook']}.py has no function {name}")
    return getattr(module, name)


_MODULES: dict[tuple[Path, int], ModuleType] = {}


def hidden_module(path: Path) -> ModuleType:
    """A file of hidden tests, loaded once as it is now, no byte code left beside it."""
    try:
        key = path, path.stat().st_mtime_ns
        if key not in _MODULES:
            module = ModuleType(path.stem)
            module.__file__ = str(path)
            exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102
            _MODULES[key] = module
    except Exception as error:
        words = f"{type(error).__name__}: {_sentence(error)}"
        raise BrokenTestError(f"{path.name} cannot be loaded ({words})") from error
    return _MODULES[key]
