"""Renders the grader's pages: every value escaped, no script, nothing loaded from elsewhere."""

from pathlib import Path
from typing import Any

from helpers.core.runs import PROJECT, replacing
from helpers.core.templates import template_environment
from helpers.suite.grading.marks.mark import shown
from helpers.suite.grading.results.gradebook import one_line, plain

OWN = Path(__file__).parent / "templates"
REPORT = PROJECT / "helpers" / "suite" / "report" / "templates"


def write_page(path: Path, template: str, content: dict[str, Any]) -> None:
    """Render one template into one self-contained file."""
    # The grader's pages take the report's style as their own.
    templates = template_environment(OWN, REPORT, points=shown, plain=plain, line=one_line)
    text = templates.get_template(template).render(content)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
