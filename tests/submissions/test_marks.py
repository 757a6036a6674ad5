"""What the exercises are worth: solutions all points, what was not done none, for any seed."""

import pytest

from helpers.suite.exercises.sources import Stamp
from helpers.suite.exercises.students import student_seed
from tests.submissions import builders
from tests.submissions.mistakes import MISTAKES
from tests.submissions.work import judged, work

SEEDS = [student_seed(7, name) for name in ("ada", "ben", "cem")]
each_light = pytest.mark.parametrize("name", builders.LIGHT)
SUSPICION = "04-suspicion-answer"  # the one answer that needs TensorFlow


def earned(name: str, notebook, folder, seed: int) -> dict[str, float]:
    work(notebook, folder)
    return {check: share for check, (share, _) in judged(name, folder, seed).items()}


@pytest.mark.parametrize("seed", SEEDS)
@each_light
def test_solutions_earn_all_points_and_pass_their_self_checks(name, seed, tmp_path) -> None:
    shown = work(builders.correct(name, Stamp("v", "s", seed)), tmp_path)
    faults = {cell: repr(value) for cell, value in shown.items() if isinstance(value, Exception)}
    assert faults == {}
    checks = {cell: repr(value) for cell, value in shown.items() if cell.endswith("-check")}
    assert all("finds nothing wrong" in text for text in checks.values()), checks
    results = judged(name, tmp_path, seed)
    assert results and set(results.values()) == {(1.0, "")}, results


@each_light
def test_untouched_notebooks_earn_nothing(name, tmp_path) -> None:
    shares = earned(name, builders.untouched(name, Stamp("v", "s", 5)), tmp_path, 5)
    assert shares and set(shares.values()) == {0.0}


@pytest.mark.parametrize("seed", SEEDS)
@each_light
def test_the_usual_mistakes_earn_little_and_each_has_its_sentence(name, seed, tmp_path) -> None:
    work(builders.wrong(name, Stamp("v", "s", seed)), tmp_path)
    results = judged(name, tmp_path, seed)
    assert all(share <= 0.5 for share, _ in results.values()), results
    assert sum(share for share, _ in results.values()) <= 0.2 * len(results), results
    assert all(reason.endswith((".", "?")) for _, reason in results.values()), results


@each_light
def test_every_task_has_its_mistake(name) -> None:
    assert set(MISTAKES[name]) == set(builders.solutions(name))


@each_light
def test_a_neighbour_s_answers_are_no_answers(name, tmp_path) -> None:
    """Data and right answers differ from seed to seed."""
    mine, other = SEEDS[:2]
    work(builders.correct(name, Stamp("v", "s", other)), tmp_path)
    shares = [share for share, _ in judged(name, tmp_path, mine).values()]
    assert sum(shares) <= 0.4 * len(shares), shares


def test_half_done_notebooks_earn_what_was_done(tmp_path) -> None:
    shares = earned("02_visualize", builders.half_done("02_visualize"), tmp_path, 0)
    assert shares == {"02_balance": 1, "02_gaps": 1, "02_guesses": 0, "02_mark": 0}


def test_the_tasks_of_04_that_need_no_network(tmp_path) -> None:
    for seed in SEEDS:
        answers = builders.solutions("04_train")
        answers.pop(SUSPICION)
        notebook = builders.answered("04_train", answers, Stamp("v", "s", seed))
        shares = earned("04_train", notebook, tmp_path, seed)
        assert shares == {"04_weights": 1, "04_stop": 1, "04_suspicion": 0}


def test_the_mistakes_of_04(tmp_path) -> None:
    for seed in SEEDS:
        notebook = builders.wrong("04_train", Stamp("v", "s", seed))
        assert sum(earned("04_train", notebook, tmp_path, seed).values()) < 1


@pytest.mark.prove
@pytest.mark.parametrize("seed", [*SEEDS, *range(5)])
def test_a_small_network_earns_all_points_of_04(seed, tmp_path) -> None:
    shares = earned("04_train", builders.correct("04_train", Stamp("v", "s", seed)), tmp_path, seed)
    assert shares == {"04_weights": 1, "04_stop": 1, "04_suspicion": 1}


@pytest.mark.prove
@each_light
def test_solutions_earn_all_points_for_many_seeds(name, tmp_path) -> None:
    for seed in range(40):
        work(builders.correct(name, Stamp("v", "s", seed)), tmp_path)
        results = judged(name, tmp_path, seed)
        assert set(results.values()) == {(1.0, "")}, (seed, results)
