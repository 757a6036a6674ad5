"""Hints that students share cells or outputs: shown to the instructor, never scored."""

import hashlib
import io
import json
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.suite.exercises.sources import WORDS
from helpers.suite.grading.marks.mark import Mark

# Shorter cells are alike by chance: there are not many ways to write one line.
MIN_LETTERS = 80
MIN_OUTPUT = 200
# What more than this share of the class has in common is no hint.
COMMON_SHARE = 0.25
FORMING = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
FORMING |= {tokenize.ENCODING, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Hint:
    """Students who have cells or outputs in common, and which."""

    students: tuple[str, ...]
    cells: tuple[str, ...]
    outputs: tuple[str, ...]


def prints_of(own: Mapping[str, Mapping[str, str]], executed: Path) -> dict[str, str]:
    """`notebook/cell` -> a hash of the student's cell; `notebook/cell:output` -> of what it showed.

    own: notebook -> cell -> source, of the student's cells only. Comments, blanks and empty lines
    make no difference. Cells and outputs too short to mean anything are left out.
    """
    found = {}
    for notebook, cells in own.items():
        shown = _outputs(executed / f"{notebook}.ipynb")
        for cell, source in cells.items():
            plain = _plain_code(source)
            if len(plain) >= MIN_LETTERS and not _is_open(plain):
                found[f"{notebook}/{_steady(cell, plain)}"] = _hash(plain)
            if len(shown.get(cell, "")) >= MIN_OUTPUT:
                found[f"{notebook}/{cell}:output"] = _hash(shown[cell])
    return found


def find_hints(marks: Iterable[Mark]) -> list[Hint]:
    """Groups of students with something in common, those with most first."""
    holders: dict[tuple[str, str], list[str]] = {}
    students = 0
    for mark in marks:
        students += bool(mark.prints)
        for place, digest in mark.prints.items():
            holders.setdefault((place, digest), []).append(mark.student)
    most = max(2, int(COMMON_SHARE * students))
    groups: dict[tuple[str, ...], list[str]] = {}
    for (place, _), names in holders.items():
        if 2 <= len(names) <= most:
            groups.setdefault(tuple(sorted(names)), []).append(place)
    hints = [_hint(names, places) for names, places in groups.items()]
    return sorted(hints, key=lambda hint: (-len(hint.cells) - len(hint.outputs), hint.students))


def _hint(names: tuple[str, ...], places: list[str]) -> Hint:
    outputs = [place.removesuffix(":output") for place in places if place.endswith(":output")]
    cells = [place for place in places if not place.endswith(":output")]
    return Hint(names, tuple(sorted(cells)), tuple(sorted(outputs)))


def _steady(cell: str, plain: str) -> str:
    """A cell that a student added has an id by chance; its content names it."""
    return cell if cell[:2].isdigit() else f"own-{_hash(plain)[:6]}"


def _plain_code(source: str) -> str:
    """The words of the code, without comments, blanks and lines; prose without its blanks."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return "".join(source.split())
    return " ".join(token.string for token in tokens if token.type not in FORMING)


def _is_open(plain: str) -> bool:
    """Whether the prompt's dots still stand there: what nobody answered is no hint."""
    return "..." in plain.split() or WORDS in plain


def _outputs(path: Path) -> dict[str, str]:
    """Cell -> the text it showed, from an executed notebook."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        return {cell["id"]: _text(cell.get("outputs", [])) for cell in cells if "id" in cell}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def _text(outputs: list[dict[str, Any]]) -> str:
    texts = [one.get("text") or one.get("data", {}).get("text/plain", "") for one in outputs]
    return "".join("".join(text) for text in texts)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
