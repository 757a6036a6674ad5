"""Reporting checklists, filled with what the run can answer and open where it cannot."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from helpers.suite.report.answers import answer
from helpers.suite.report.facts import RunFacts

TEMPLATES = Path(__file__).with_name("templates")
CHECKLISTS = ("claim", "tripod_ai")
OPEN = "Not answered by this run."


@dataclass(frozen=True)
class Item:
    """One item: its number in the checklist, the question in our words, the answer or ""."""

    number: str
    part: str
    question: str
    answer: str


@dataclass(frozen=True)
class Checklist:
    """A checklist with its items in order."""

    name: str
    title: str
    items: tuple[Item, ...]

    @property
    def answered(self) -> int:
        """How many items the run answers, at least in part."""
        return sum(bool(item.answer) for item in self.items)


def fill_checklist(name: str, facts: RunFacts) -> Checklist:
    """The checklist `templates/<name>.yml` with the run's answers."""
    content = yaml.safe_load((TEMPLATES / f"{name}.yml").read_text(encoding="utf-8"))
    items = tuple(
        Item(
            entry["item"],
            entry["part"],
            entry["text"],
            " ".join(filter(None, (answer(part, facts) for part in entry["answers"]))),
        )
        for entry in content["items"]
    )
    return Checklist(name, content["title"], items)
