"""A notebook handed in is read as data: links, damage, tricks and foreign languages are named."""

import json
import os
from pathlib import Path

import pytest

from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.submissions.submitted import UnfitNotebookError, read_submitted
from tests.submissions.hostile import UNFIT, notebook, write


@pytest.mark.parametrize("name", UNFIT)
def test_a_damaged_file_is_told_in_a_sentence(name: str, tmp_path: Path) -> None:
    data, status = UNFIT[name]
    (tmp_path / "01.ipynb").write_bytes(data)
    with pytest.raises(UnfitNotebookError, match=r"\.$") as refused:
        read_submitted(tmp_path / "01.ipynb")
    assert refused.value.status is status


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "real.ipynb", "1")
    (tmp_path / "01.ipynb").symlink_to(tmp_path / "real.ipynb")
    assert _status(tmp_path / "01.ipynb") is Status.UNSAFE_LINK


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "01.ipynb")
    assert _status(tmp_path / "01.ipynb") is Status.UNREADABLE_NOTEBOOK


def test_a_notebook_without_parameters_cell_is_told(tmp_path: Path) -> None:
    assert _status(_store(notebook("1", parameters=False), tmp_path)) is Status.NO_PARAMETERS_CELL


def test_cells_with_the_same_id_are_told(tmp_path: Path) -> None:
    made = notebook("1", "2")
    made.cells[2].id = made.cells[1].id
    assert _status(_store(made, tmp_path)) is Status.DUPLICATE_CELL_IDS


@pytest.mark.parametrize("language", ["R", "julia"])
def test_another_language_is_told(language: str, tmp_path: Path) -> None:
    made = notebook("1")
    made.metadata["kernelspec"] = {"name": "ir", "display_name": "x", "language": language}
    assert _status(_store(made, tmp_path)) is Status.FOREIGN_KERNEL
    made.metadata = {"language_info": {"name": language}}
    assert _status(_store(made, tmp_path)) is Status.FOREIGN_KERNEL


def test_a_python_kernel_of_any_name_will_do(tmp_path: Path) -> None:
    made = notebook("1")
    made.metadata["kernelspec"] = {"name": "my-env", "display_name": "Mine", "language": "python"}
    assert read_submitted(_store(made, tmp_path)).metadata.kernelspec.name == "python3"


def test_outputs_metadata_and_attachments_are_dropped(tmp_path: Path) -> None:
    made = notebook("1")
    made.cells[1].outputs = [{"output_type": "stream", "name": "stdout", "text": "faked"}]
    made.cells[1].metadata = {"tags": ["answer"], "trusted": True, "editable": False}
    made.metadata["widgets"] = {"application/x": {}}
    read = read_submitted(_store(made, tmp_path))
    assert read.cells[1].outputs == []
    assert read.cells[1].metadata == {"tags": ["answer"]}
    assert set(read.metadata) == {"kernelspec"}


def test_half_characters_become_writable(tmp_path: Path) -> None:
    path = tmp_path / "01.ipynb"
    path.write_text(json.dumps(notebook("print('\ud800')")))
    assert read_submitted(path).cells[1].source == "print('?')"


def test_an_older_format_is_read(tmp_path: Path) -> None:
    made = json.loads(json.dumps(notebook("1")))
    made["nbformat_minor"] = 2
    for cell in made["cells"]:
        del cell["id"]
    read = read_submitted(_store(made, tmp_path))
    assert [cell.source for cell in read.cells][1] == "1"
    assert all(cell.id for cell in read.cells)


def _store(made: dict, folder: Path) -> Path:
    path = folder / "01_ingest.ipynb"
    path.write_text(json.dumps(made), encoding="utf-8")
    return path


def _status(path: Path) -> Status:
    with pytest.raises(UnfitNotebookError) as refused:
        read_submitted(path)
    return refused.value.status
