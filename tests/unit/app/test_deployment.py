"""A release in the real store: whole, read back, compared, and nothing but what a release has."""

import pytest

from helpers.app.deployment import compare_release, fetch_release, publish, release_files
from helpers.core.errors import MissingInputError
from helpers.core.runs import Run
from helpers.data import storage


@pytest.fixture
def run(outputs):
    run = Run("trial")
    for name in ("model/model.tflite", "model/labels.json", "model/preprocessing.json"):
        run.write_json(name, {"content of": name})
    run.write_json("metrics.json", {"n": 3})
    return run


def test_a_run_without_a_model_names_the_notebook_that_makes_it(outputs):
    with pytest.raises(MissingInputError, match="run 04_train first"):
        release_files(Run("empty"))


def test_what_is_read_back_is_identical(run):
    address = publish(run, "chest-films", "runs")
    assert address == "s3://chest-films/runs/trial/"
    compared = compare_release(run, fetch_release(address))
    assert compared["file"].tolist() == release_files(run)
    assert set(compared["copy"]) == {"identical"}


def test_a_changed_and_a_lost_file_are_seen(run):
    copy = fetch_release(publish(run, "chest-films", "runs"))
    (copy / "metrics.json").write_text("{}")
    (copy / "model/labels.json").unlink()
    compared = compare_release(run, copy).set_index("file")["copy"]
    assert compared["metrics.json"] == "different" and compared["model/labels.json"] == "missing"


def test_only_the_names_of_a_release_are_fetched(run):
    address = publish(run, "chest-films", "runs")
    storage.put("chest-films", "runs/trial/model/evil.pkl", b"x")
    copy = fetch_release(address)
    fetched = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert fetched == set(release_files(run))
