"""06: the answers on silence, the door and where the network looked."""

import numpy as np

from helpers.suite.exercises.data import desk
from helpers.suite.exercises.partial import between, both_sides, members, near, shares

RIGHT = 0.9
DOOR_FULL = 0.8  # of the way from guessing to no mistake


def test_06_silence(answers, seed):
    given = members(answers["06_silence"], ["below", "answered"], "The silence")
    table = desk.draw_answers(seed)
    confidence = table[[name for name in table if name.startswith("p_")]].max(axis=1).to_numpy()
    order = np.argsort(-confidence, kind="stable")
    right = (table["label"] == table["predicted"]).to_numpy()[order]
    confidence = confidence[order]
    last_of_equals = np.append(confidence[1:] < confidence[:-1], True)
    share = np.cumsum(right) / np.arange(1, len(right) + 1)
    last = np.flatnonzero(last_of_equals & (share >= RIGHT))[-1]
    found = {
        "below": near(given["below"], confidence[last], 0.0005),
        "answered": given["answered"] == last + 1,
    }
    return shares(found, "Not right: {wrong}.")


def test_06_door(answers, seed):
    given, film = answers["06_door"], _waiting_films(seed)
    assert isinstance(given, list), "The answers at the door should be a list."
    assert len(given) == len(film), f"There are {len(film)} pictures waiting, not {len(given)}."
    told = {str(number): bool(answer) for number, answer in enumerate(given)}
    expected = {str(number): bool(answer) for number, answer in enumerate(film)}
    share, reason = both_sides(told, expected, "{wrong} pictures are judged wrongly at the door.")
    return between(share, 0, DOOR_FULL, reason)


def test_06_elsewhere(answers, seed):
    given, (saliency, lungs) = answers["06_elsewhere"], desk.draw_looks(seed)
    assert isinstance(given, list), "The films should be a list of numbers."
    fine = np.kron(saliency, np.ones((1, 8, 8)))
    on_lungs = (fine * lungs).sum(axis=(1, 2)) / fine.sum(axis=(1, 2))
    expected = dict(enumerate((on_lungs < lungs.mean(axis=(1, 2))).tolist()))
    told = {number: number in given for number in expected}
    return both_sides(told, expected, "{wrong} films are judged wrongly.")


def _waiting_films(seed: int) -> np.ndarray:
    """Which of the waiting pictures are films: the order drawn again, films were the first half."""
    count = desk.SHOWN + desk.WAITING
    order = np.random.default_rng([seed, 602]).permutation(count)
    return (order < count // 2)[desk.SHOWN :]
