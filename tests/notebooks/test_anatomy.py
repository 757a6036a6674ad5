"""Every stored notebook keeps the house's rules, and each rule refuses a broken copy."""

import copy
import itertools
import statistics
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from tests.notebooks import anatomy

STORED = anatomy.stored()
STORY = [path for path in STORED if path.name.startswith("0")]  # 1x are further lessons


@pytest.fixture
def notebook() -> nbformat.NotebookNode:
    """A copy of the first stored notebook, to be broken."""
    return copy.deepcopy(anatomy.read(STORED[0]))


def test_the_seven_notebooks_of_the_story_are_there() -> None:
    from helpers.suite.lessons import STEPS

    assert [path.stem for path in STORY] == [step.name for step in STEPS]


@pytest.mark.parametrize("rule", anatomy.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_stored_notebook_keeps_the_rule(path: Path, rule: Callable) -> None:
    assert list(rule(anatomy.read(path))) == []


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_relative_links_lead_somewhere(path: Path) -> None:
    missing = [to for to in anatomy.links(anatomy.read(path)) if not (path.parent / to).exists()]
    assert missing == []


def test_each_notebook_of_the_story_links_to_the_next() -> None:
    for path, following in itertools.pairwise(STORY):
        assert following.name in anatomy.links(anatomy.read(path)), path.name


def test_the_median_notebook_defines_no_function() -> None:
    defined = [anatomy.functions_defined(anatomy.read(path)) for path in STORED]
    assert statistics.median(defined) == 0
    assert max(defined) <= 2


def test_a_notebook_that_was_never_executed_is_refused(notebook) -> None:
    for cell in anatomy.code_cells(notebook):
        cell.execution_count, cell.outputs = None, []
    assert len(list(anatomy.executed_in_order(notebook))) == len(anatomy.code_cells(notebook))
    assert list(anatomy.compared_by_nbval(notebook))


def test_a_notebook_executed_out_of_order_is_refused(notebook) -> None:
    anatomy.code_cells(notebook)[2].execution_count = 9
    assert list(anatomy.executed_in_order(notebook)) == ["cell 3 has execution count 9"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("epochs = 3 * 4", "not a literal: epochs = 3 * 4"),
        ("import os", "not a literal: import os"),
        ("epoch = 12", "'epoch' is no parameter"),
        ("seed = 7", "seed = 7 is not the sample profile's"),
    ],
)
def test_a_parameters_cell_holds_known_literals_only(notebook, line, complaint) -> None:
    anatomy.code_cells(notebook)[0].source += "\n" + line
    assert list(anatomy.parameters_first(notebook)) == [complaint]


def test_code_before_the_parameters_is_refused(notebook) -> None:
    notebook.cells.insert(0, nbformat.v4.new_code_cell("import os"))
    assert list(anatomy.parameters_first(notebook))


def test_a_notebook_that_nbval_would_not_compare_is_refused(notebook) -> None:
    for cell in anatomy.tagged(notebook, "nbval-check-output"):
        cell.metadata.tags = []
    assert list(anatomy.compared_by_nbval(notebook))


@pytest.mark.parametrize(
    "text",
    [
        "saved to /home/ada/suite/outputs/sample/model.keras",
        "saved to /root/outputs",
        "/tmp/x.ipynb:3: note",
        "C:\\Users\\ada",
        "<object object at 0x7f3a2c01d0f0>",
        "Traceback (most recent call last):",
        "FutureWarning: this will change",
        "key " + "AKIA" + "ABCDEFGHIJKLMNOP",
        "listening on http://127.0.0.1:40123",
    ],
)
def test_a_stain_in_an_output_is_refused(notebook, text) -> None:
    cell = anatomy.code_cells(notebook)[1]
    cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))
    assert list(anatomy.clean_outputs(notebook))


def test_an_address_in_prose_is_no_stain(notebook) -> None:
    cell = anatomy.code_cells(notebook)[1]
    text = "see https://example.org/home/page and outputs/sample/manifest.csv, 3/tmp"
    cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))
    assert list(anatomy.clean_outputs(notebook)) == []


def test_stored_widget_state_and_stderr_are_refused(notebook) -> None:
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    cell = anatomy.code_cells(notebook)[1]
    cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text="100%|####|"))
    complaints = list(anatomy.clean_outputs(notebook))
    assert complaints[0] == "widget state is stored"
    assert complaints[1].startswith("stderr noise")


def test_a_picture_without_words_is_refused(notebook) -> None:
    picture = nbformat.v4.new_output("display_data", data={"image/png": "iVBORw0KGgo="})
    anatomy.code_cells(notebook)[1].outputs.append(picture)
    assert list(anatomy.pictures_have_words(notebook))


def test_metadata_of_one_machine_is_refused(notebook) -> None:
    notebook.metadata["papermill"] = {"output_path": "out.ipynb"}
    notebook.cells[0].metadata["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00Z"}
    assert len(list(anatomy.plain_metadata(notebook))) == 2


def test_heavy_long_and_wordless_notebooks_are_refused(notebook) -> None:
    long = nbformat.v4.new_code_cell("\n".join(["count = 1"] * 30))
    heavy = nbformat.v4.new_output("stream", text="x" * anatomy.MOST_BYTES)
    notebook.cells += [nbformat.v4.new_code_cell("1", outputs=[heavy]), long]
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(list(anatomy.readable_size(notebook))) == 3
