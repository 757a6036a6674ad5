"""Finding words of any collection, mapped to the classes of a run that never saw it.

A run's own class map knows the words of its own collection. Others write `Covid-19`, `NORMAL` or
`Pneumonia/Bacterial/Klebsiella`; the vocabulary below knows what those mean.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from helpers.data.records import NO_FINDING_GIVEN

# Words of the collections in use, plainly written. `ARDS` alone names no cause: it stays unmapped.
VOCABULARY = {
    "COVID-19": ("covid-19", "covid19", "covid", "covid 19", "covid-19, ards", "sars-cov-2"),
    "No finding": ("no finding", "no findings", "normal", "healthy"),
    "Pneumonia": (
        *("pneumonia", "bacterial pneumonia", "viral pneumonia", "bacterial", "viral"),
        *("streptococcus", "klebsiella", "legionella", "e.coli", "chlamydophila", "sars"),
        *("mycoplasma bacterial pneumonia", "pneumocystis", "influenza", "varicella", "lipoid"),
    ),
}
_MEANING = {word: concept for concept, words in VOCABULARY.items() for word in words}


def map_findings(
    words: Iterable[str], classes: Sequence[str], class_map: Mapping[str, str]
) -> dict[str, str | None]:
    """The class of each different word, None where there is none; in the order of the words.

    In turn: the run's own class map; a word that is a class itself; the vocabulary, by way of the
    class that the run gave to that meaning; the class map's `*`. Case, spaces and `_` count for
    nothing.
    """
    known = {_plain(name): name for name in classes}
    known |= {_plain(word): name for word, name in class_map.items() if word != "*"}
    by_meaning: dict[str, str] = {name: name for name in classes}
    for word, name in class_map.items():
        concept = meaning(word)
        if concept:
            by_meaning.setdefault(concept, name)

    def find(word: str) -> str | None:
        if _plain(word) in NO_FINDING_GIVEN:
            return None
        named = known.get(_plain(word)) or by_meaning.get(meaning(word) or "")
        return named or class_map.get("*")

    return {word: find(word) for word in dict.fromkeys(words)}


def meaning(word: str) -> str | None:
    """`COVID-19`, `No finding` or `Pneumonia`, or None for a word nobody here knows.

    Of a path such as `Pneumonia/Viral/COVID-19` the most special known part counts.
    """
    plain = _plain(word)
    parts = [plain, *reversed(plain.split("/"))]
    return next((_MEANING[part.strip()] for part in parts if part.strip() in _MEANING), None)


def _plain(word: str) -> str:
    return re.sub(r"[\s_]+", " ", word).strip().casefold()
