"""Parameters: what is accepted, and what a user reads when something is not."""

import pytest
import yaml

from helpers.core.errors import UsageError
from helpers.core.params import Parameters, check_parameters, load_parameters, parse_override
from helpers.core.runs import PROJECT

PROFILES = sorted((PROJECT / "params").rglob("*.yml"))


def sentence(values):
    with pytest.raises(UsageError) as caught:
        check_parameters(values, "here.yml")
    return str(caught.value)


def test_defaults_are_the_sample_profile():
    profile = load_parameters([PROJECT / "params" / "sample.yml"])
    assert profile == Parameters()


@pytest.mark.parametrize("name", ["sample", "ozturk", "cohen"])
def test_every_profile_is_valid_and_names_itself(name):
    assert load_parameters([PROJECT / "params" / f"{name}.yml"]).run == name


def test_mistyped_name_gets_the_nearest_real_one():
    assert (
        sentence({"epohcs": 3}) == "here.yml: 'epohcs' is not a parameter; did you mean 'epochs'?"
    )


def test_value_out_of_range_names_file_parameter_and_value():
    text = sentence({"epochs": 0})
    assert text.startswith("here.yml: epochs: ") and text.endswith("not 0")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a" * 65, "a\nb"])
def test_run_name_is_never_a_path(name):
    assert "run" in sentence({"run": name})


@pytest.mark.parametrize("prefix", ["../x", "a/../b", "", "/", "a//b"])
def test_prefix_stays_inside_its_bucket(prefix):
    assert "prefix" in sentence({"prefix": prefix})


def test_class_map_may_only_name_known_classes():
    assert "'Flu'" in sentence({"class_map": {"Influenza": "Flu"}})


def test_classes_without_their_map_are_caught_before_anything_runs():
    with pytest.raises(UsageError, match="class_map names 'COVID-19', which is not in classes"):
        load_parameters([], {"classes": ["negative", "positive"]})


def test_a_notebook_may_declare_its_classes_alone():
    assert check_parameters({"classes": ["negative", "positive"]}, "04_train").classes


def test_test_fold_is_one_of_the_folds():
    assert "test_fold 5 must be below folds 5" in sentence({"test_fold": 5})


def test_patient_pattern_needs_a_group():
    assert "needs a group" in sentence({"patient_pattern": r"\d+"})


def test_later_files_and_then_overrides_win(tmp_path):
    first, second = tmp_path / "a.yml", tmp_path / "b.yml"
    first.write_text("epochs: 1\nseed: 1\nrun: a")
    second.write_text("epochs: 2\nseed: 2")
    merged = load_parameters([first, second], {"epochs": 3})
    assert (merged.epochs, merged.seed, merged.run) == (3, 2, "a")


def test_the_sentence_names_the_file_that_is_wrong(tmp_path):
    good, bad = tmp_path / "good.yml", tmp_path / "bad.yml"
    good.write_text("epochs: 1")
    bad.write_text("folds: 1")
    with pytest.raises(UsageError, match=r"^bad\.yml: folds: "):
        load_parameters([good, bad])


@pytest.mark.parametrize("content", ["- a list", "a: [", "\x00", "!!python/object:os.system {}"])
def test_a_file_that_is_no_profile_is_one_sentence(tmp_path, content):
    file = tmp_path / "odd.yml"
    file.write_text(content)
    with pytest.raises(UsageError) as caught:
        load_parameters([file])
    assert "odd.yml" in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_profile_names_those_there_are():
    with pytest.raises(UsageError, match="there are cohen, ozturk, sample"):
        load_parameters([PROJECT / "params" / "nosuch.yml"])


def test_overrides_are_read_as_yaml():
    assert parse_override("views=[PA, AP]") == ("views", ["PA", "AP"])
    assert parse_override("deterministic=true") == ("deterministic", True)
    with pytest.raises(UsageError, match="expected NAME=VALUE"):
        parse_override("epochs")


def test_no_parameter_can_hold_a_secret():
    words = ("secret", "password", "token", "access_key", "credential")
    assert not [name for name in Parameters.model_fields if any(word in name for word in words)]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_profiles_fix_their_bucket_and_prefix(profile):
    values = yaml.safe_load(profile.read_text())
    if "run" in values:
        assert {"bucket", "prefix"} <= values.keys()
