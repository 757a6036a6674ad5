"""Renders the grader's pages: every value escaped, no script, nothing loaded from elsewhere."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from helpers.core.runs import PROJECT, replacing
from helpers.suite.grading.marks.mark import shown
from helpers.suite.grading.results.gradebook import one_line, plain

OWN = Path(__file__).parent / "templates"
REPORT = PROJECT / "helpers" / "suite" / "report" / "templates"


def environment() -> Environment:
    """Templates of the grader, which take the report's style as their own."""
    made = Environment(
        loader=FileSystemLoader([OWN, REPORT]),
        autoescape=select_autoescape(["html", "html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"points": shown, "plain": plain, "line": one_line}
    return made


def write_page(path: Path, template: str, content: dict[str, Any]) -> None:
    """Render one template into one self-contained file."""
    text = environment().get_template(template).render(content)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
