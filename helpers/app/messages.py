"""The sentences of panel and page in the analyst's language, from one table (messages.yml)."""

import functools
from pathlib import Path

import yaml

from helpers.data.remarks import NOTES, REASONS, Remark

TABLE = Path(__file__).with_name("messages.yml")
ENGLISH = "en"


@functools.cache
def table() -> dict[str, dict[str, str]]:
    """key -> language code -> sentence; the English of remarks comes from where they are made."""
    entries = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    for code, sentence in (REASONS | NOTES).items():
        entries.setdefault(f"remark.{code}", {})[ENGLISH] = sentence
    return entries


def languages() -> dict[str, str]:
    """Language code -> the language's own name, in the order of the table."""
    return dict(table()["language"])


def missing() -> list[tuple[str, str]]:
    """(key, language code) of every sentence that a translator has still to write."""
    return [
        (key, code) for key, entry in table().items() for code in languages() if code not in entry
    ]


class Messages:
    """One language: `say("film_name", number=3)`; what it lacks is said in English."""

    def __init__(self, language: str = ENGLISH):
        self.language = language if language in languages() else ENGLISH

    def say(self, key: str, **values: object) -> str:
        """The sentence of `key` with `values` filled in; KeyError for an unknown key."""
        entry = table()[key]
        return entry.get(self.language, entry[ENGLISH]).format(**values)

    def remark(self, sentence: str) -> str:
        """A reason or note, translated when it is a known `Remark`, else as it came."""
        if isinstance(sentence, Remark):
            return self.say(f"remark.{sentence.code}", **sentence.values)
        return sentence

    def class_name(self, label: str) -> str:
        """A class as people call it; classes that the table does not know keep their name."""
        return self._or(f"class_name.{label}", label)

    def class_sentence(self, label: str) -> str:
        """What a result of this class means, in one sentence."""
        return self._or(f"class.{label}", self.say("class.other"))

    def stamp(self, stamp: str) -> str:
        """The audit stamp as a sentence, with the findings that stand behind its colon."""
        kind, colon, findings = stamp.partition(": ")
        return self._or(f"stamp.{kind}", kind) + (f" ({findings})" if colon else "")

    def _or(self, key: str, otherwise: str) -> str:
        return self.say(key) if key in table() else otherwise
