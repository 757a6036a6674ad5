"""Finding words of other collections: mapped by meaning, never guessed."""

import pytest

from helpers.data.findings import map_findings, meaning

THREE = ["COVID-19", "No finding", "Pneumonia"]
OZTURK = {"Covid-19": "COVID-19", "No_findings": "No finding", "Pneumonia": "Pneumonia"}
COHEN = {"COVID-19": "positive", "Pneumonia/Viral/COVID-19": "positive", "*": "negative"}


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("COVID-19", "COVID-19"),
        ("Pneumonia/Viral/COVID-19", "COVID-19"),
        ("COVID-19, ARDS", "COVID-19"),
        ("NORMAL", "No finding"),
        ("No Finding", "No finding"),
        ("Pneumonia/Bacterial/Klebsiella", "Pneumonia"),
        ("Pneumonia/Fungal/Mould unheard of", "Pneumonia"),
        ("Streptococcus", "Pneumonia"),
        ("ARDS", None),
        ("Tuberculosis", None),
        ("todo", None),
        ("", None),
    ],
)
def test_a_three_class_run_reads_the_words_of_other_collections(word, label):
    assert map_findings([word], THREE, OZTURK) == {word: label}


def test_a_two_class_run_gives_a_meaning_the_class_it_gave_it_at_home():
    mapping = map_findings(
        ["Covid-19", "No_findings", "Pneumonia"], ["negative", "positive"], COHEN
    )
    assert mapping == {"Covid-19": "positive", "No_findings": "negative", "Pneumonia": "negative"}


def test_without_a_rest_class_an_unforeseen_meaning_stays_unmapped():
    class_map = {"Covid-19": "positive", "No_findings": "negative"}
    mapping = map_findings(["COVID", "normal", "Pneumonia"], ["negative", "positive"], class_map)
    assert mapping == {"COVID": "positive", "normal": "negative", "Pneumonia": None}


def test_a_class_name_means_itself_and_the_runs_own_map_comes_first():
    assert map_findings(["Positive"], ["negative", "positive"], COHEN)["Positive"] == "positive"
    odd = {"Normal": "Pneumonia"}
    assert map_findings(["normal"], THREE, odd)["normal"] == "Pneumonia"


def test_the_most_special_known_part_of_a_path_counts():
    assert meaning("Pneumonia/Viral/SARS") == "Pneumonia"
    assert meaning("Pneumonia/Viral/COVID-19") == "COVID-19"
    assert meaning("something/else") is None
