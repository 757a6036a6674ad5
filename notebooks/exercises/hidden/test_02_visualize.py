"""02: the answers on class balance, gaps, the confounder and the mark in a corner."""

import numpy as np

from helpers.suite.exercises.data.ward import (
    CORNERS,
    PROPERTIES,
    corner_of,
    draw_marked_films,
    draw_ward,
)
from helpers.suite.exercises.partial import Verdict, members, near, shares

TOLERANCE = 0.006  # answers rounded to two decimals count


def test_02_balance(answers, seed):
    heads = draw_ward(seed).drop_duplicates("patient_id")
    expected = heads["label"].value_counts(normalize=True).to_dict()
    return _compare(answers["02_balance"], expected, "The share of patients")


def test_02_gaps(answers, seed):
    ward = draw_ward(seed)
    expected = {name: films["age"].isna().mean() for name, films in ward.groupby("label")}
    return _compare(answers["02_gaps"], expected, "The share of films without an age")


def test_02_guesses(answers, seed):
    ward = draw_ward(seed).fillna(dict.fromkeys(PROPERTIES, "unknown"))
    expected = {}
    for name in PROPERTIES:
        right = [films["label"].value_counts().max() for _, films in ward.groupby(name)]
        expected[name] = sum(right) / len(ward)
    return _compare(answers["02_guesses"], expected, "The share guessed right")


def test_02_mark(answers, seed):
    given = members(answers["02_mark"], ["label", "corner"], "The mark")
    label, corner = _marked(seed)
    found = {"label": given["label"] == label, "corner": given["corner"] == corner}
    return shares(found, "The mark's {wrong} is not right.")


def _compare(given: object, expected: dict[str, float], what: str) -> Verdict:
    given = members(given, list(expected), what)
    right = {name: near(given[name], share, TOLERANCE) for name, share in expected.items()}
    return shares(right, what + " is not right for: {wrong}.")


def _marked(seed: int) -> tuple[str, str]:
    """Class and corner whose very bright points differ most from the other classes'."""
    films, found = draw_marked_films(seed), {}
    for corner in CORNERS:
        marked = (corner_of(films.pixels, corner) >= 240).sum(axis=(1, 2)) >= 16
        for label in np.unique(films.labels):
            of_class = films.labels == label
            found[str(label), corner] = marked[of_class].mean() - marked[~of_class].mean()
    return max(found, key=found.__getitem__)
