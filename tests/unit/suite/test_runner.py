"""The runner: order, resume, and what a user reads when a notebook fails (tiny real notebooks)."""

import nbformat
import pytest

from helpers.core.errors import SuiteError, UsageError
from helpers.core.params import Parameters
from helpers.core.runs import Run
from helpers.suite import lessons
from helpers.suite.lessons import STEPS, Step, find_step
from helpers.suite.runner import choose_steps, run_steps

BEGIN = "from helpers.core.lesson import begin\nlesson = begin('{name}', globals())"
MAKE = "lesson.run.write_json('a.json', lesson.settings.epochs)"
USE = "lesson.run.write_json('b.json', lesson.run.read_json('a.json') + 1)"
STORY = (Step("01_make", ("source.txt",), writes=("a.json",)), Step("02_use", ("a.json",)))


@pytest.fixture
def story(tmp_path, monkeypatch):
    """Two notebooks: the first writes its epochs, the second adds one to them."""
    monkeypatch.setenv("CXR_OUTPUTS", str(tmp_path / "outputs"))
    monkeypatch.setattr(lessons, "NOTEBOOKS", tmp_path)
    write_notebook(tmp_path / "01_make.ipynb", "run = 'sample'\nepochs = 2", MAKE)
    write_notebook(tmp_path / "02_use.ipynb", "run = 'sample'", USE)
    return tmp_path


def write_notebook(path, parameters, *code):
    cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell(text) for text in (BEGIN.format(name=path.stem), *code)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook.metadata["kernelspec"] = kernel
    nbformat.write(notebook, path)


def statuses(**options):
    settings = Parameters(run="trial", **options.pop("settings", {"epochs": 3}))
    return [outcome.status for outcome in run_steps(STORY, settings, **options)]


def test_notebooks_run_in_order_with_the_parameters_given(story):
    assert statuses() == ["done", "done"]
    assert Run("trial").read_json("b.json") == 4


def test_the_same_run_again_skips_what_has_not_changed(story):
    statuses()
    assert statuses() == ["skipped", "skipped"]


def test_a_changed_parameter_runs_only_what_it_reaches(story):
    statuses()
    assert statuses(settings={"epochs": 5}) == ["done", "done"]
    assert Run("trial").read_json("b.json") == 6
    assert statuses(settings={"epochs": 5, "learning_rate": 0.5}) == ["skipped", "skipped"]


def test_changed_code_runs_again_and_what_reads_the_same_result_does_not(story):
    statuses()
    write_notebook(story / "01_make.ipynb", "run = 'sample'\nepochs = 2", MAKE, "1 + 1")
    assert statuses() == ["done", "skipped"]


def test_a_changed_or_lost_input_runs_again(story):
    statuses()
    Run("trial").write_json("source.txt", "new")
    assert statuses() == ["done", "skipped"]
    Run("trial").path("a.json").unlink()
    assert statuses() == ["done", "skipped"]


def test_fresh_forgets_everything(story):
    statuses()
    Run("trial").write_json("left.json", 1)
    assert statuses(fresh=True) == ["done", "done"]


def test_a_failing_cell_is_named_kept_and_not_skipped_afterwards(story):
    write_notebook(story / "02_use.ipynb", "run = 'sample'", "kept = 'seen'\nkept", "1 / 0")
    with pytest.raises(SuiteError, match=r"02_use failed in cell \[5\], ZeroDivisionError"):
        statuses()
    partly = nbformat.read(Run("trial").path("02_use.ipynb"), 4)
    assert "seen" in str(partly.cells)
    with pytest.raises(SuiteError):
        statuses()


def test_a_notebook_before_its_input_names_the_one_to_run(story):
    write_notebook(story / "02_use.ipynb", "run = 'sample'", "lesson.run.require('splits.csv')")
    with pytest.raises(SuiteError, match="run 03_preprocess first"):
        statuses()


def test_a_killed_kernel_is_one_sentence(story):
    write_notebook(story / "02_use.ipynb", "run = 'sample'", "import os\nos._exit(9)")
    with pytest.raises(SuiteError, match="02_use: its kernel died"):
        statuses()


@pytest.mark.parametrize("word", ["04", "4", "train", "04_train", "04_train.ipynb"])
def test_a_notebook_is_found_by_number_or_name(word):
    assert STEPS[find_step(word)].name == "04_train"


def test_a_mistyped_notebook_gets_the_nearest_real_one():
    with pytest.raises(UsageError, match="did you mean '05_evaluate'"):
        find_step("05_evalute")


def test_from_and_only_choose_steps():
    assert [step.name for step in choose_steps("06", None)] == ["06_predict", "07_deploy"]
    assert [step.name for step in choose_steps(None, "02")] == ["02_visualize"]
