"""Answers to the questions of reporting checklists, by name, each a sentence or two.

Every function behind a name takes the run's facts and returns its answer, or "" where the run does
not tell. The checklists (`templates/*.yml`) and papers name them.
"""

from helpers.suite.report import about_data, about_model, about_results
from helpers.suite.report.facts import RunFacts

_ANSWERS = {
    function.__name__: function
    for module in (about_data, about_model, about_results)
    for function in module.ANSWERS
}


def answer(name: str, facts: RunFacts) -> str:
    """The answer of that name; KeyError for a name that no function has."""
    return _ANSWERS[name](facts)
