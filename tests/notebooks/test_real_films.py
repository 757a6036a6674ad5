"""The whole suite on real films, staged as a user would: both profiles, one short training each."""

import json
from pathlib import Path

import pandas as pd
import pytest

from helpers.suite.lessons import STEPS

# One epoch of a small network: what is proved here is the way, not the score.
QUICK = ("architecture=ten_conv_cnn", "image_size=64", "epochs=1", "batch_size=32", "resamples=200")
LISTED = {"ozturk": 1124, "cohen": 844}

pytestmark = [pytest.mark.films, pytest.mark.timeout(1200), pytest.mark.xdist_group("real_films")]


@pytest.fixture(scope="module")
def store(films: Path, cxr, tmp_path_factory) -> dict[str, str]:
    """An outputs folder whose store holds both collections."""
    place = {"CXR_OUTPUTS": str(tmp_path_factory.mktemp("real"))}
    for name in LISTED:
        staged = cxr("stage", str(films / name), **place)
        assert staged.returncode == 0, staged.stderr
    yield place
    cxr("store", "stop", **place)


@pytest.fixture(scope="module", params=LISTED)
def real_run(request, store: dict[str, str], cxr) -> Path:
    """The finished run of one profile."""
    changes = [word for change in QUICK for word in ("--set", change)]
    done = cxr("run", "--params", f"params/{request.param}.yml", *changes, **store)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(store["CXR_OUTPUTS"]) / request.param


def test_every_notebook_ran_to_its_end(real_run: Path):
    notebooks = json.loads((real_run / "run.json").read_text())["notebooks"]
    assert list(notebooks) == [step.name for step in STEPS]
    assert all(facts["fingerprint"] for facts in notebooks.values())


def test_every_object_has_a_row_and_what_is_not_used_has_a_reason(real_run: Path):
    manifest = pd.read_csv(real_run / "manifest.csv", dtype="string")
    assert len(manifest) == LISTED[real_run.name]
    assert manifest.loc[manifest["status"] != "used", "reason"].notna().all()


def test_each_film_has_its_patient_and_no_patient_is_in_two_splits(real_run: Path):
    manifest = pd.read_csv(real_run / "manifest.csv", dtype="string")
    films = manifest.merge(pd.read_csv(real_run / "splits.csv", dtype="string"), on="key")
    assert not films["patient_id"].str.startswith("film/").any()
    for column in ("patient_id", "sha256", "group"):
        assert films.groupby(column)["split"].nunique().max() == 1, column


def test_scores_say_on_what_they_were_counted(real_run: Path):
    metrics = json.loads((real_run / "metrics.json").read_text())
    splits = pd.read_csv(real_run / "splits.csv")
    assert metrics["split"] == "test" and metrics["n"] == (splits["split"] == "test").sum()
    assert metrics["accuracy"]["low"] <= metrics["accuracy"]["value"]
