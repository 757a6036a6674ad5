"""A collection in the real store: generated once, made anew for another recipe, never lost."""

import pytest

from helpers.core.errors import SuiteError
from helpers.core.params import Parameters
from helpers.data import storage
from helpers.data.collection import fill_with_generated_films, open_collection, read_patients
from helpers.data.records import build_catalogue

SMALL = Parameters(generate_films=6)
METADATA = b"patientid,finding,filename\n7,COVID-19,a.jpeg\n"


def put(key, data):
    storage.ensure_bucket("chest-films")
    storage.put("chest-films", key, data)


def keys():
    return [item.key for item in storage.list_objects("chest-films", "sample")]


def test_films_are_generated_once_with_masks_and_metadata(outputs):
    assert fill_with_generated_films(SMALL)
    found = open_collection(SMALL)
    films = build_catalogue(found.objects, SMALL, found.metadata)
    assert (films["status"] == "used").sum() == 6 == len(found.metadata)
    assert sum("lung_masks/" in key for key in keys()) == 6
    assert not fill_with_generated_films(SMALL)


def test_another_recipe_replaces_generated_films_and_leaves_none_behind(outputs):
    fill_with_generated_films(SMALL)
    first = set(keys())
    fewer = SMALL.model_copy(update={"generate_films": 3})
    assert fill_with_generated_films(fewer)
    assert len(keys()) < len(first)
    assert len(open_collection(fewer).metadata) == 3


def test_a_broken_start_is_made_anew(outputs):
    fill_with_generated_films(SMALL)
    put("sample/collection.json", b"{}")
    assert fill_with_generated_films(SMALL)


def test_films_of_others_are_never_replaced(outputs):
    put("sample/images/mine.png", b"film")
    assert not fill_with_generated_films(SMALL)
    assert keys() == ["sample/images/mine.png"]


def test_patients_come_from_another_collections_metadata(outputs):
    put("cohen/metadata.csv", METADATA)
    patients, remarks = read_patients("s3://chest-films/cohen/metadata.csv")
    assert patients == {"a": "cohen/7"} and remarks == ()


def test_a_collection_not_staged_is_a_remark_and_not_a_stop(outputs):
    put("cohen/other.csv", b"x")
    patients, remarks = read_patients("s3://chest-films/cohen/metadata.csv")
    assert patients == {}
    assert len(remarks) == 1 and "patients may be in two splits" in remarks[0]


def test_metadata_that_is_none_stops_with_its_name(outputs):
    put("sample/metadata.csv", b"no,columns,of,ours\n")
    with pytest.raises(SuiteError, match=r"metadata\.csv has no column 'filename'"):
        open_collection(SMALL)
