"""Solutions out, prompts in: what a student's answer cell says instead of the solution."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from helpers.core.errors import SuiteError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
REGION = re.compile(rf"^{BEGIN}\n(.*?)^{END}$", re.DOTALL | re.MULTILINE)
PROMPT = "# Your answer: replace the dots."
OPEN_PROMPT = "# Your answer."


def has_region(source: str) -> bool:
    """Whether a cell holds a marker of a solution region."""
    return "BEGIN SOLUTION" in source or "END SOLUTION" in source


def solved(source: str) -> str:
    """The cell with its solution, without the markers; SuiteError where they do not pair."""
    text = REGION.sub(lambda found: found[1].rstrip("\n"), source)
    _no_marker_left(text)
    return text


def given(source: str) -> str:
    """The part of the cell that is not solution."""
    text = REGION.sub("", source)
    _no_marker_left(text)
    return text


def prompted(source: str, wanted: Collection[str]) -> str:
    """The cell with each solution region replaced by a prompt.

    wanted: names that other cells read; each one that the solution defines stands in the prompt
    as `name = ...`, a function with its signature and docstring.
    """
    text = REGION.sub(lambda found: prompt(found[1], wanted), source)
    _no_marker_left(text)
    return text


def prompt(solution: str, wanted: Collection[str]) -> str:
    """The lines a student finds instead of `solution`."""
    promises = dict.fromkeys(
        promise for node in ast.parse(solution).body for promise in _promises(node, wanted)
    )
    return "\n".join([PROMPT, *promises]) if promises else OPEN_PROMPT


def names_read(sources: Iterable[str]) -> set[str]:
    """All names that the code reads."""
    return {
        node.id
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _promises(node: ast.stmt, wanted: Collection[str]) -> Iterator[str]:
    """What a student has to define where the solution has this statement."""
    if isinstance(node, ast.FunctionDef) and node.name in wanted:
        yield _open_function(node)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for part in (part for target in targets for part in ast.walk(target)):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id in wanted:
                yield f"{part.id} = ..."


def _open_function(node: ast.FunctionDef) -> str:
    """Signature and docstring, and dots for the body."""
    words = ast.get_docstring(node, clean=False)
    node.body = [ast.Expr(ast.Constant(words))] if words else []
    node.body.append(ast.Expr(ast.Constant(...)))
    return f"{ast.unparse(ast.fix_missing_locations(node))}\n\n"


def _no_marker_left(text: str) -> None:
    if has_region(text):
        raise SuiteError(f"a line '{BEGIN}' or '{END}' has no partner; each stands on its own line")
