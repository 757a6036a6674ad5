"""Integrity hints: what is too alike to be chance, and nothing that is."""

import json
from pathlib import Path

from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.marks.mark import Mark
from helpers.suite.grading.results.integrity import find_hints, prints_of

CODE = """
counts = {}
for entry in listing:
    folder = entry["Key"].split("/")[1]
    counts[folder] = counts.get(folder, 0) + 1
"""
DISGUISED = """
counts = {}   # count them

for entry in listing:
        # the folder
        folder = entry["Key"].split("/")[1]
        counts[folder] = counts.get(folder,0)+1
"""


def prints(folder: Path, code: str, output: str = "", cell: str = "01-a") -> dict[str, str]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": output}]
    cells = [{"id": cell, "cell_type": "code", "source": code, "outputs": outputs}]
    (folder / "01_x.ipynb").write_text(json.dumps({"cells": cells}))
    return prints_of({"01_x": {cell: code}}, folder)


def mark(student: str, found: dict[str, str]) -> Mark:
    return Mark(student, Status.PASSED, 1, 1, "Fine.", prints=found)


def test_comments_and_blanks_hide_nothing(tmp_path: Path) -> None:
    marks = [mark("ann", prints(tmp_path, CODE)), mark("bob", prints(tmp_path, DISGUISED))]
    (hint,) = find_hints(marks)
    assert hint.students == ("ann", "bob")
    assert hint.cells == ("01_x/01-a",)


def test_other_code_is_no_hint(tmp_path: Path) -> None:
    other = CODE.replace("counts", "numbers")
    assert not find_hints([mark("a", prints(tmp_path, CODE)), mark("b", prints(tmp_path, other))])


def test_short_cells_are_alike_by_chance(tmp_path: Path) -> None:
    assert prints(tmp_path, "total = sum(numbers)", "3") == {}


def test_the_prompt_nobody_answered_is_no_hint(tmp_path: Path) -> None:
    prompt = f"# Your answer: replace the dots.\n{CODE}\ncounts = ..."
    assert prints(tmp_path, prompt) == {}


def test_what_much_of_the_class_shares_is_no_hint(tmp_path: Path) -> None:
    same = prints(tmp_path, CODE)
    others = [mark(f"o{n}", prints(tmp_path, CODE.replace("counts", f"n{n}"))) for n in range(12)]
    few = [mark(name, same) for name in ("a", "b", "c")]
    many = [mark(f"m{n}", same) for n in range(9)]
    assert find_hints([*others, *few])[0].students == ("a", "b", "c")
    assert not find_hints([*others, *many])


def test_outputs_count_too_and_groups_with_most_in_common_come_first(tmp_path: Path) -> None:
    output = "the same long wrong result " * 12
    ann = prints(tmp_path, CODE, output) | prints(tmp_path, CODE, cell="01-b")
    bob = prints(tmp_path, CODE.replace("counts", "n"), output)
    cid = prints(tmp_path, CODE, cell="01-b")
    more = {"01_x/01-c": "x"}
    hints = find_hints([mark("ann", ann), mark("bob", bob | more), mark("cid", cid | more)])
    assert [(hint.students, hint.cells, hint.outputs) for hint in hints] == [
        (("ann", "bob"), (), ("01_x/01-a",)),
        (("ann", "cid"), ("01_x/01-b",), ()),
        (("bob", "cid"), ("01_x/01-c",), ()),
    ]


def test_a_cell_of_their_own_is_known_by_its_content(tmp_path: Path) -> None:
    ann, bob = prints(tmp_path, CODE, cell="abc"), prints(tmp_path, CODE, cell="xyz")
    assert ann == bob


def test_code_that_does_not_parse_and_a_damaged_file_do_no_harm(tmp_path: Path) -> None:
    assert prints(tmp_path, "'''" + CODE)
    (tmp_path / "01_x.ipynb").write_text("{half")
    assert prints_of({"01_x": {"01-a": CODE}}, tmp_path)
