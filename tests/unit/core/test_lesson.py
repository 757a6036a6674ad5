"""The first cell of a notebook: parameters in, run folder and notice out."""

import pytest

from helpers.core.errors import UsageError
from helpers.core.lesson import NOTICE, begin


@pytest.fixture(autouse=True)
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("CXR_OUTPUTS", str(tmp_path))
    return tmp_path


def test_the_notebooks_own_values_become_settings():
    lesson = begin("04_train", {"run": "r", "epochs": 3, "begin": begin, "pytest": pytest})
    assert lesson.settings.epochs == 3 and lesson.run.name == "r"


def test_a_mistyped_parameter_is_caught_even_when_papermill_injected_it():
    with pytest.raises(UsageError, match=r"04_train: 'epohcs' .* did you mean 'epochs'"):
        begin("04_train", {"epohcs": 3})


def test_the_first_cell_can_be_run_again_later():
    namespace = {"run": "r"}
    begin("04_train", namespace)
    namespace["history"] = [1, 2]
    namespace["run"] = "s"
    assert begin("04_train", namespace).run.name == "s"


def test_versions_and_device_are_recorded(outputs):
    facts = begin("01_ingest", {"run": "r"}).run.facts()
    assert facts["versions"]["tensorflow"] and facts["device"] in ("CPU", "GPU")


def test_every_notebook_opens_with_the_notice():
    assert NOTICE in begin("01_ingest", {})._repr_markdown_()
