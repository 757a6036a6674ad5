"""Run folders: whole files only, clear words for what is missing, no name that is a path."""

import errno
import json
import os

import pandas as pd
import pytest

from helpers.core.errors import DiskFullError, MissingInputError, SuiteError, UsageError
from helpers.core.runs import Run, outputs_root, replacing, runs_with


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CXR_OUTPUTS", str(tmp_path))
    return Run("trial")


def test_the_outputs_folder_can_be_moved(run, tmp_path):
    assert outputs_root() == tmp_path and run.folder == tmp_path / "trial"


def test_a_missing_input_names_the_notebook_that_makes_it(run):
    with pytest.raises(MissingInputError, match="run 03_preprocess first"):
        run.require("splits.csv")


def test_a_run_name_is_never_a_path(run):
    with pytest.raises(UsageError, match="no path"):
        Run("../elsewhere")


def test_a_failed_write_leaves_the_old_file(run):
    run.write_json("metrics.json", {"n": 1})
    with pytest.raises(ValueError):
        run.write_json("metrics.json", {"n": float("nan")})
    assert run.read_json("metrics.json") == {"n": 1}
    assert [path.name for path in run.folder.iterdir()] == ["metrics.json"]


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_sentence(run, reason):
    with pytest.raises(DiskFullError, match="No space is left for big"), replacing(run.path("big")):
        raise OSError(reason, os.strerror(reason))
    assert not list(run.folder.iterdir())


def test_another_failure_of_the_disk_stays_what_it_is(run):
    with pytest.raises(PermissionError), replacing(run.path("big")):
        raise OSError(errno.EACCES, "Permission denied")


def test_a_damaged_file_names_the_notebook_to_run_again(run):
    run.path("").mkdir(exist_ok=True)
    run.path("metrics.json").write_text("{")
    with pytest.raises(SuiteError, match=r"damaged .* run 05_evaluate again"):
        run.read_json("metrics.json")


def test_tables_come_back_as_they_were(run):
    table = pd.DataFrame({"key": ["a", "NA"], "patient_id": ["007", None], "width": [3, 4]})
    run.write_table("manifest.csv", table)
    back = run.read_table("manifest.csv")
    assert back["key"].tolist() == ["a", "NA"]
    assert back["patient_id"].tolist()[0] == "007" and back["patient_id"].isna().tolist()[1]
    assert back["width"].tolist() == [3, 4]


def test_facts_are_merged_one_level_deep(run):
    run.record(notebooks={"a": 1}, seed=0)
    run.record(notebooks={"b": 2})
    assert json.loads(run.path("run.json").read_text()) == {
        "notebooks": {"a": 1, "b": 2},
        "seed": 0,
    }


def test_parameters_of_several_notebooks_meet_in_one_file(run):
    run.record_parameters({"epochs": 1})
    run.record_parameters({"seed": 2})
    assert run.path("params.yml").read_text() == "epochs: 1\nseed: 2\n"


def test_runs_are_found_by_what_they_hold(run):
    run.write_json("metrics.json", {})
    assert runs_with("metrics.json") == ["trial"] and runs_with("manifest.csv") == []
