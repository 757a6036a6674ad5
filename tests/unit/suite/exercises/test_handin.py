"""keep: answers become plain data, and a wrong one is a sentence, never a stop."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers.suite.exercises.handin import answers_folder, keep


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CXR_ANSWERS", str(tmp_path / "answers"))
    return tmp_path / "answers"


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (3, 3),
        (np.float32(0.5), 0.5),
        (np.array(7), 7),
        (True, True),
        ({"films": np.int64(4), 5: (1, np.bool_(False))}, {"films": 4, "5": [1, False]}),
        ([np.arange(3), "é"], [[0, 1, 2], "é"]),
    ],
)
def test_numbers_text_lists_and_dictionaries_become_json(folder, value, stored) -> None:
    assert repr(keep("01_task", value)).startswith("01_task ✔")
    assert json.loads((folder / "01_task.json").read_text()) == stored


def test_an_array_is_stored_without_pickle(folder) -> None:
    keep("01_task", np.ones((2, 3), np.uint8))
    assert np.load(folder / "01_task.npy", allow_pickle=False).shape == (2, 3)


def test_a_table_becomes_csv_with_its_named_index(folder) -> None:
    table = pd.DataFrame({"label": ["a", "b"], "films": [1, 2]})
    keep("01_task", table)
    assert (folder / "01_task.csv").read_text() == "label,films\na,1\nb,2\n"
    keep("01_task", table.set_index("label")["films"])
    assert (folder / "01_task.csv").read_text() == "label,films\na,1\nb,2\n"


@pytest.mark.parametrize("value", [..., None, {"films": ...}, [1, ...]])
def test_dots_left_in_place_are_no_answer(folder, value) -> None:
    assert "not answered yet" in repr(keep("01_task", value))
    assert not folder.exists() or not list(folder.iterdir())


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (float("nan"), "zero"),
        ({"share": np.inf}, "zero"),
        ({1, 2}, "set"),
        (object(), "object"),
        ({(1, 2): 3}, "tuple"),
        (np.array(["a"]), "<U1"),
        (np.array([object()]), "object"),
        (np.zeros(3_000_000), "24,000,000 bytes"),
        ("x" * 20_000_001, "20,000,003 bytes"),
    ],
)
def test_what_is_no_plain_data_is_refused_in_a_sentence(folder, value, word) -> None:
    verdict = keep("01_task", value)
    assert not verdict.handed_in and word in verdict.fault
    assert not folder.exists() or not list(folder.iterdir())


def test_an_earlier_answer_of_any_kind_is_replaced_even_by_a_refused_one(folder) -> None:
    keep("01_task", np.ones(3))
    keep("01_task", 1)
    assert [path.name for path in folder.iterdir()] == ["01_task.json"]
    keep("01_task", {1, 2})
    assert list(folder.iterdir()) == []


def test_the_first_rule_that_fails_gives_its_sentence_and_the_answer_counts_all_the_same(
    folder,
) -> None:
    rules = [("a number.", lambda x: isinstance(x, int)), ("below 3.", lambda x: x < 3)]
    assert repr(keep("01_task", 5, *rules)) == "01_task ✘ handed in, but: below 3."
    assert repr(keep("01_task", "x", *rules)) == "01_task ✘ handed in, but: a number."
    assert keep("01_task", 1, *rules).fault == ""
    assert (folder / "01_task.json").exists()


def test_a_rule_that_stumbles_over_the_answer_is_not_met(folder) -> None:
    assert keep("01_task", 5, ("give a table.", lambda x: x["label"].all())).fault


@pytest.mark.parametrize("task", ["../01_task", "01_Task", "task", "01_a/b", "01_a.json"])
def test_a_task_is_a_name_and_never_a_path(task) -> None:
    with pytest.raises(ValueError, match="no task name"):
        keep(task, 1)


def test_without_a_grader_answers_lie_in_the_outputs_folder(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv("CXR_ANSWERS")
    monkeypatch.setenv("CXR_OUTPUTS", str(tmp_path))
    assert answers_folder() == tmp_path / "exercises" / "answers"
