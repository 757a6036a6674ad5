"""Write a run's report page, model card, datasheet and checklists into its folder."""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from helpers.core.lesson import NOTICE
from helpers.core.runs import Run, replacing
from helpers.core.templates import template_environment
from helpers.suite.report import pictures, tables
from helpers.suite.report.answers import answer
from helpers.suite.report.checklists import CHECKLISTS, OPEN, TEMPLATES, fill_checklist
from helpers.suite.report.facts import RunFacts, finding_words, read_facts

PAPERS = {
    "report.html": "report.html.j2",
    "model_card.md": "model_card.md.j2",
    "datasheet.md": "datasheet.md.j2",
    "claim.md": "checklist.md.j2",
    "tripod_ai.md": "checklist.md.j2",
}


def write_report(name: str, compare: Sequence[str] = ()) -> list[Path]:
    """Write the papers of run `name`, its page with a comparison to the runs `compare`.

    Returns the files written. Raises MissingInputError where a run is not there; a part that the
    run has not got yet is named in the papers instead.
    """
    facts = read_facts(name)
    others = [read_facts(other) for other in compare]
    content = _content(facts, others)
    templates = template_environment(TEMPLATES, cell=markdown_cell)
    written = []
    for paper, template in PAPERS.items():
        checklist = next((one for one in content["checklists"] if paper == f"{one.name}.md"), None)
        text = templates.get_template(template).render(content | {"checklist": checklist})
        path = Run(name).path(paper)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def markdown_cell(text: Any) -> str:
    """Text that stays text in a Markdown table: no markup, no column, no line of its own."""
    plain = html.escape(" ".join(str(text).split()), quote=False)
    return "".join(f"\\{sign}" if sign in "|`*_[]" else sign for sign in plain)


def _content(facts: RunFacts, others: Sequence[RunFacts]) -> dict[str, Any]:
    """Everything that the templates may show."""
    runs = [facts, *others]
    return {
        "facts": facts,
        "notice": NOTICE,
        "open": OPEN,
        "audit_word": tables.audit_word(facts),
        "findings": [finding_words(one) for one in (facts.audit or {}).get("findings", [])],
        "notes": (facts.metrics or {}).get("notes", []),
        "checklists": [fill_checklist(name, facts) for name in CHECKLISTS],
        "answer": lambda name: answer(name, facts) or OPEN,
        "data": _data(facts),
        "training": _part([], pictures.training_figures(facts)),
        "results": _results(facts),
        "audits": _part([tables.audit(facts), tables.gate(facts)], []),
        "external": _part([tables.external(facts)], []),
        "comparison": _comparison(runs),
        "settings": tables.settings(facts),
        "provenance": tables.provenance(facts),
    }


def _part(shown: Iterable[tables.Table], figures: Iterable[Figure]) -> dict[str, Any]:
    """Tables that have rows, and figures drawn."""
    drawn = [pictures.picture(figure) for figure in figures]
    return {"tables": [table for table in shown if table.rows], "pictures": drawn}


def _data(facts: RunFacts) -> dict[str, Any]:
    if facts.films is None:
        return _part([], [])
    shown = [tables.statuses(facts), tables.split_counts(facts), tables.characteristics(facts)]
    return _part(shown, pictures.data_figures(facts))


def _results(facts: RunFacts) -> dict[str, Any]:
    if facts.metrics is None:
        return _part([], pictures.result_figures(facts))
    makers = tables.overall_scores, tables.class_scores, tables.operating_points, tables.subgroups
    return _part([make(facts.metrics) for make in makers], pictures.result_figures(facts))


def _comparison(runs: Sequence[RunFacts]) -> dict[str, Any]:
    if len(runs) < 2:
        return _part([], [])
    part = _part([tables.comparison(runs)], pictures.comparison_figures(runs))
    return part | {"remark": _same_test(runs)}


def _same_test(runs: Sequence[RunFacts]) -> str:
    """Whether the runs were tested on the same films, in a sentence."""
    tested = [run.predictions for run in runs]
    if any(table is None for table in tested):
        return "Not every run has predictions yet, so nobody knows whether the test films agree."
    keys = [frozenset(table.loc[table["split"] == "test", "key"]) for table in tested]
    if len(set(keys)) == 1:
        return "All runs were tested on the same films."
    return (
        f"The runs were tested on different films ({len(frozenset.intersection(*keys)):,} in "
        "common): a difference between them may come from the films."
    )
