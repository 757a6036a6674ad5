"""The message table: complete in every language, the same words to fill in, readable remarks."""

import string

import pytest

from helpers.app import messages
from helpers.app.messages import Messages, languages, missing, table
from helpers.data.remarks import NOTES, REASONS, Remark


def blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_english_spanish_and_hindi_are_offered() -> None:
    assert list(languages()) == ["en", "es", "hi"]


def test_no_sentence_is_missing_in_any_language() -> None:
    assert missing() == []


def test_a_missing_sentence_is_found_and_said_in_english(monkeypatch) -> None:
    entries = {key: dict(entry) for key, entry in table().items()}
    del entries["cancel"]["hi"]
    monkeypatch.setattr(messages, "table", lambda: entries)
    assert missing() == [("cancel", "hi")]
    assert Messages("hi").say("cancel") == "Cancel"


@pytest.mark.parametrize("key", sorted(table()))
def test_every_language_fills_in_the_same_words(key: str) -> None:
    entry = table()[key]
    assert all(blanks(sentence) == blanks(entry["en"]) for sentence in entry.values())
    assert all(isinstance(sentence, str) and sentence.strip() for sentence in entry.values())


def test_every_remark_of_the_decoders_is_in_the_table_and_no_other() -> None:
    known = {key.removeprefix("remark.") for key in table() if key.startswith("remark.")}
    assert known == set(REASONS) | set(NOTES)


def test_a_remark_is_translated_with_its_values_and_plain_text_kept() -> None:
    remark = Remark("several_frames", frames=7)
    assert "7 fotogramas" in Messages("es").remark(remark)
    assert Messages("en").remark(remark) == str(remark)
    assert Messages("es").remark("a store's own words") == "a store's own words"


def test_classes_and_stamps_outside_the_table_keep_their_names() -> None:
    speak = Messages("es")
    assert speak.class_name("Pneumonia") == "Neumonía"
    assert speak.class_name("Nodule") == "Nodule"
    assert speak.class_sentence("Nodule") == speak.say("class.other")
    assert speak.stamp("audit failed: border shortcut").endswith("(border shortcut)")
    assert speak.stamp("not audited") == "Modelo no auditado"


def test_an_unknown_language_is_english() -> None:
    assert Messages("xx").say("cancel") == "Cancel"
