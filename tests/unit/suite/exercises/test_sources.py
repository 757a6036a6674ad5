"""Student's and instructor's notebook come from one source: the same but for the answers."""

import itertools
import json

import nbformat
import pytest

from helpers.core.errors import SuiteError
from helpers.suite.exercises.consistency import tasks_of
from helpers.suite.exercises.prompts import PROMPT, given
from helpers.suite.exercises.sources import (
    SOURCE,
    Stamp,
    instructor_notebook,
    is_solution,
    read_source,
    source_notebooks,
    student_notebook,
    tags,
    version_of,
)

STAMP = Stamp("1a2b3c", 'Ada "A" Łovelace', 4242)
SOURCES = source_notebooks()
LESSONS = sorted(path.name for path in SOURCE.parent.glob("0[1-6]_*.ipynb"))
each = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)


def leaks(text: str, source: nbformat.NotebookNode) -> list[str]:
    """The lines of solutions that stand in a student's file, apart from those that are given."""
    solutions = [cell for cell in source.cells if is_solution(cell)]
    public = "\n".join(given(cell.source) for cell in source.cells if cell not in solutions)
    public += "\n".join(given(cell.source) for cell in solutions)
    lines = {line.strip() for cell in solutions for line in cell.source.splitlines()}
    telling = {line for line in lines if len(line) > 8 and line not in public}
    # A function's signature and docstring are the prompt.
    telling = {line for line in telling if not line.startswith(("def ", '"""'))}
    return sorted(line for line in telling if json.dumps(line)[1:-1] in text)


def small_source(folder, *cells) -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("seed = 0"), *cells])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "P", "language": "python"}
    folder.mkdir(exist_ok=True)
    nbformat.write(notebook, folder / "01_small.ipynb")
    return notebook


def test_every_lesson_from_01_to_06_has_its_exercises() -> None:
    assert [path.name for path in SOURCES] == LESSONS and len(LESSONS) == 6


@each
def test_there_are_at_least_three_tasks_each_named_after_its_notebook(path) -> None:
    tasks = tasks_of(path)
    assert len(tasks) >= 3 and len(set(tasks)) == len(tasks)
    assert all(task.startswith(path.stem[:3]) for task in tasks)


@each
def test_only_the_answer_cells_of_the_two_notebooks_differ(path) -> None:
    student, instructor = student_notebook(path, STAMP), instructor_notebook(path, STAMP)
    assert [cell.id for cell in student.cells] == [cell.id for cell in instructor.cells]
    assert student.metadata == instructor.metadata
    for ours, theirs in zip(instructor.cells, student.cells, strict=True):
        assert ours.metadata == theirs.metadata and ours.cell_type == theirs.cell_type
        assert (ours.source != theirs.source) == ("answer" in tags(theirs)), ours.id


@each
def test_no_answer_is_left_in_a_student_s_file(path) -> None:
    notebook = student_notebook(path, STAMP)
    text = nbformat.writes(notebook)
    assert leaks(text, read_source(path)) == []
    assert "SOLUTION" not in text.upper()
    assert set(notebook.metadata) == {"kernelspec", "language_info", "cxr_exercise"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        assert cell.cell_type != "code" or (cell.outputs == [] and cell.execution_count is None)


@each
def test_the_guard_sees_a_solution_wherever_it_is_left(path) -> None:
    for cell in instructor_notebook(path, STAMP).cells:
        if "answer" in tags(cell):
            notebook = student_notebook(path, STAMP)
            notebook.metadata["hint"] = cell.source
            assert leaks(nbformat.writes(notebook), read_source(path)), cell.id


@each
def test_each_answer_has_a_prompt_and_is_handed_in_by_the_cell_below(path) -> None:
    cells = student_notebook(path, STAMP).cells
    for answer, check in itertools.pairwise(cells):
        if "answer" in tags(answer):
            assert answer.source.startswith(PROMPT) and "..." in answer.source
            assert tags(check) == ["check"] and check.source.startswith("keep(")
            assert answer.id.removesuffix("-answer") == check.id.removesuffix("-check")


@each
def test_the_stamp_stands_in_the_metadata_and_in_the_parameters(path) -> None:
    notebook = student_notebook(path, STAMP)
    assert notebook.metadata["cxr_exercise"] == {
        "notebook": path.stem,
        "version": "1a2b3c",
        "student": 'Ada "A" Łovelace',
        "seed": 4242,
    }
    space: dict = {}
    exec(next(cell.source for cell in notebook.cells if "parameters" in tags(cell)), space)
    assert (space["student"], space["seed"]) == ('Ada "A" Łovelace', 4242)


@each
def test_a_source_is_stored_unexecuted_in_small_cells_with_prose(path) -> None:
    notebook = read_source(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert all(cell.id.startswith(path.stem[:2] + "-") for cell in notebook.cells)
    assert len(code) < 0.7 * len(notebook.cells)
    assert "never a diagnosis" in notebook.cells[0].source


def test_a_whole_cell_can_be_the_solution_also_a_written_one(tmp_path) -> None:
    code = nbformat.v4.new_code_cell("secret = 41 + 1", metadata={"tags": ["solution"]})
    words = nbformat.v4.new_markdown_cell("Because.", metadata={"tags": ["solution"]})
    reader = nbformat.v4.new_code_cell("print(secret)")
    small_source(tmp_path, code, words, reader)
    _, first, second, _ = student_notebook(tmp_path / "01_small.ipynb", STAMP).cells
    assert first.source == f"{PROMPT}\nsecret = ..." and "write it here" in second.source
    _, first, second, _ = instructor_notebook(tmp_path / "01_small.ipynb", STAMP).cells
    assert (first.source, second.source) == ("secret = 41 + 1", "Because.")
    assert tags(first) == tags(second) == ["answer"]


def test_what_an_author_left_in_a_source_does_not_reach_a_student(tmp_path) -> None:
    output = nbformat.v4.new_output("stream", text="the answer is 42")
    cell = nbformat.v4.new_code_cell("print(6 * 7)", outputs=[output], execution_count=3)
    cell.metadata["note"] = "the answer is 42"
    notebook = small_source(tmp_path, cell)
    notebook.metadata["answers"] = "the answer is 42"
    cell.attachments = {"answer.txt": {"text/plain": "the answer is 42"}}
    nbformat.write(notebook, tmp_path / "01_small.ipynb")
    text = nbformat.writes(student_notebook(tmp_path / "01_small.ipynb", STAMP))
    assert "42" not in text.replace("4242", "")


def test_a_broken_source_is_refused_with_notebook_and_cell(tmp_path) -> None:
    small_source(tmp_path, nbformat.v4.new_code_cell("### BEGIN SOLUTION\n1", id="01-half"))
    with pytest.raises(SuiteError, match=r"01_small.ipynb, cell 01-half: .* no partner"):
        read_source(tmp_path / "01_small.ipynb")
    twice = [nbformat.v4.new_code_cell("1", id="01-twin") for _ in range(2)]
    notebook = small_source(tmp_path)
    notebook.cells += twice
    (tmp_path / "01_small.ipynb").write_text(json.dumps(notebook))
    with pytest.raises(SuiteError, match="a cell id stands twice"):
        read_source(tmp_path / "01_small.ipynb")
    notebook.cells = twice[:1]
    nbformat.write(notebook, tmp_path / "01_small.ipynb")
    with pytest.raises(SuiteError, match="tagged 'parameters'"):
        read_source(tmp_path / "01_small.ipynb")


def test_a_folder_without_exercises_is_refused(tmp_path) -> None:
    with pytest.raises(SuiteError, match="holds no exercises"):
        source_notebooks(tmp_path)


def test_the_version_changes_with_any_source_or_hidden_test(tmp_path) -> None:
    small_source(tmp_path, nbformat.v4.new_code_cell("1", id="01-one"))
    before = version_of(tmp_path)
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "test_01_small.py").write_text("")
    assert version_of(tmp_path) != before
