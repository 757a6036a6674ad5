"""The manifest: every object has a row, every row a status, every unused film a reason."""

from collections import namedtuple

import pandas as pd
import pytest

from helpers.core.errors import SuiteError
from helpers.core.params import Parameters
from helpers.data.records import (
    build_catalogue,
    choose_films,
    count_statuses,
    label_findings,
    name_unknown_patients,
    order_columns,
    patients_by_name,
    read_metadata,
)

Object = namedtuple("Object", "key size")
FOLDERS = Parameters(
    class_map={"Covid-19": "COVID-19", "No_findings": "No finding", "Pneumonia": "Pneumonia"},
    sources={"Pneumonia": "NIH"},
    patient_pattern=r"^(\d{8})_\d{3}\.",
)
COHEN = Parameters(
    classes=["negative", "positive"],
    class_map={
        "COVID-19": "positive",
        "COVID-19, ARDS": "positive",
        "Pneumonia/Viral/COVID-19": "positive",
        "*": "negative",
    },
)
METADATA = b"""patientid,finding,view,modality,filename,license,url
2,COVID-19,PA,X-ray,a.png,CC BY,https://www.site.org/x
2,"COVID-19, ARDS",L,X-ray,b.png,,
3,Pneumonia/Viral/COVID-19,AP,X-ray,c.png,,
4,SARS,,X-ray,d.png,,
5,,PA,X-ray,e.png,,
6,COVID-19,Axial,CT,f.png,,
2,COVID-19,PA,X-ray,a.png,,
7,COVID-19,PA,X-ray,missing.png,,
"""


def catalogue(settings, names, metadata=None, patients=None):
    table = build_catalogue([Object(name, 1) for name in names], settings, metadata, patients)
    return table.set_index("key")


def test_class_folders_give_finding_patient_and_source():
    table = catalogue(FOLDERS, ["o/Pneumonia/00001280_004.jpg", "o/Covid-19/x.jpg"])
    film = table.loc["o/Pneumonia/00001280_004.jpg"]
    assert (film["label"], film["patient_id"], film["source"]) == ("Pneumonia", "00001280", "NIH")
    assert pd.isna(table.loc["o/Covid-19/x.jpg", "patient_id"])


def test_a_second_collections_metadata_names_the_missing_patients():
    patients = patients_by_name(read_metadata(METADATA), "cohen")
    table = catalogue(FOLDERS, ["o/Covid-19/a.jpg"], patients=patients)
    assert table.loc["o/Covid-19/a.jpg", "patient_id"] == "cohen/2"


def test_metadata_describes_films_and_both_vocabularies_are_one_class():
    table = catalogue(COHEN, ["c/images/a.png", "c/images/c.png"], read_metadata(METADATA))
    assert table["label"].tolist() == ["positive", "positive"]
    assert table.loc["c/images/a.png", ["view", "licence", "source"]].tolist() == [
        "PA",
        "CC BY",
        "site.org",
    ]


def test_what_is_no_film_is_a_row_with_a_reason():
    names = ["c/metadata.csv", "c/lung_masks/a_mask.png", "c/images/a.png"]
    table = catalogue(COHEN, names, read_metadata(METADATA))
    assert table["reason"].fillna("").tolist() == ["not an image file", "mask, not a film", ""]
    assert table["status"].tolist() == ["excluded", "excluded", "used"]


def test_films_that_this_run_cannot_use_say_why():
    names = [f"c/images/{letter}.png" for letter in "abcdef"] + ["c/images/unknown.png"]
    table = choose_films(catalogue(COHEN, names, read_metadata(METADATA)).reset_index(), COHEN)
    reasons = table.set_index("key")["reason"].fillna("used").tolist()
    assert reasons == [
        "used",
        "view L is not among PA, AP, AP Supine",
        "used",
        "used",  # a view that nobody noted is kept
        "no finding is given",
        "CT, not a radiograph",
        "no finding is given",
    ]


def test_a_finding_in_no_class_is_excluded_by_name():
    table = choose_films(catalogue(FOLDERS, ["o/Flu/00000001_000.png"]).reset_index(), FOLDERS)
    assert table.loc[0, "reason"] == "finding Flu is in no class"


def test_an_unreadable_film_stays_unreadable():
    table = catalogue(COHEN, ["c/images/b.png"], read_metadata(METADATA)).reset_index()
    table.loc[0, ["status", "reason"]] = ["unreadable", "broken"]
    assert choose_films(table, COHEN).loc[0, "status"] == "unreadable"


def test_the_counts_add_up():
    names = [f"c/images/{letter}.png" for letter in "abcdef"]
    table = choose_films(catalogue(COHEN, names, read_metadata(METADATA)).reset_index(), COHEN)
    counts = count_statuses(table)
    assert counts["objects"].iloc[:-1].sum() == counts["objects"].iloc[-1] == len(names)


def test_case_and_underscores_do_not_matter_and_unknown_is_no_finding():
    words = pd.Series(["covid 19", "COVID-19", "no_findings", "todo", "Unknown", None])
    labels = label_findings(words, {"COVID-19": "c", "No findings": "n", "*": "rest"})
    assert labels.fillna("-").tolist() == ["rest", "c", "n", "-", "-", "-"]


def test_films_of_unknown_patients_are_counted_and_stand_alone():
    table = pd.DataFrame(
        {"status": ["used", "used"], "patient_id": ["1", pd.NA], "sha256": ["aa", "bb"]}
    )
    named, count = name_unknown_patients(table)
    assert count == 1 and named["patient_id"].tolist() == ["1", "film/bb"]


def test_the_contracts_columns_stand_first():
    table = order_columns(pd.DataFrame({"status": ["used"], "key": ["a"]}))
    assert list(table.columns)[:3] == ["key", "sha256", "bytes"]
    assert "survival" in table


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n"])
def test_metadata_that_is_none_is_one_sentence(content):
    with pytest.raises(SuiteError, match=r"metadata\.csv"):
        read_metadata(content)
