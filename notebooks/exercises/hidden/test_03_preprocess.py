"""03: the answers on the split by hospital, leaked films, windowing and padding."""

import cv2
import numpy as np

from helpers.suite.exercises.data import rooms
from helpers.suite.exercises.partial import array, between, both_sides, columns, mean

HELD_OUT = ("validation", "test")


def test_03_split(answers, seed):
    films = rooms.draw_hospitals(seed)
    table = columns(answers["03_split"], ["key", "split"], "The split")
    assert sorted(table["key"]) == sorted(films["key"]), "Not every film has exactly one row."
    assert set(table["split"]) == {"train", *HELD_OUT}, "There must be train, validation and test."
    films = films.merge(table[["key", "split"]], on="key")
    apart = films.groupby("hospital")["split"].nunique() == 1
    kept_apart = between(apart.mean(), 0.5, 1, f"{(~apart).sum()} hospitals are in two splits.")
    return mean(kept_apart, _sizes(films), _classes(films)) if apart.any() else kept_apart


def test_03_leaked(answers, seed):
    split, given = rooms.draw_leaky_split(seed), answers["03_leaked"]
    assert isinstance(given, list), "The leaked films should be a list of keys."
    training, test = split[split["split"] == "train"], split[split["split"] == "test"]
    patients, pictures = set(training["patient_id"]), set(training["sha256"])
    leaked = test["patient_id"].isin(patients) | test["sha256"].isin(pictures)
    expected = dict(zip(test["key"], leaked, strict=True))
    told = {key: key in given for key in expected}
    return both_sides(told, expected, "{wrong} of the test films are judged wrongly.")


def test_03_window(answers, seed):
    films, (low, high) = rooms.draw_pale_films(seed), rooms.draw_window(seed)
    given = array(answers["03_window"], films.shape, "The stack of films")
    bounds = np.percentile(films.reshape(len(films), -1), (low, high), axis=1)[:, :, None, None]
    expected = 255 * np.clip((films - bounds[0]) / (bounds[1] - bounds[0]), 0, 1)
    right = (np.abs(given - expected) <= 1.5).mean()
    return between(right, 0.7, 0.999, f"{1 - right:.0%} of the points have another grey value.")


def test_03_square(answers, seed):
    oblong = rooms.draw_oblong_film(seed)
    given = array(answers["03_square"], (64, 64), "The square film")
    side = max(oblong.shape)
    padded = np.zeros((side, side), np.uint8)
    top, left = (side - oblong.shape[0]) // 2, (side - oblong.shape[1]) // 2
    padded[top : top + oblong.shape[0], left : left + oblong.shape[1]] = oblong
    expected = cv2.resize(padded, (64, 64), interpolation=cv2.INTER_AREA)
    off = np.abs(given - expected).mean()
    assert off <= 6, "The film is not where it should be: is it squeezed, or padded on one side?"
    return between(-off, -6, -2, f"The grey values are off by {off:.1f} on average.")


def _sizes(films):
    sizes = films["split"].value_counts(normalize=True)
    wrong = [name for name in HELD_OUT if not 0.1 <= sizes[name] <= 0.3]
    return 1 - len(wrong) / 2, f"{' and '.join(wrong)} not between 10 % and 30 %." if wrong else ""


def _classes(films):
    held = films.groupby("split")["label"].nunique() == films["label"].nunique()
    wrong = list(held.index[~held])
    return 1 - len(wrong) / 3, f"A class is missing in {', '.join(wrong)}." if wrong else ""
