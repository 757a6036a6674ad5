"""The session keeps results, holds few pixels, and forgets on request."""

import numpy as np
import pytest

from helpers.app.widgets import session
from helpers.app.widgets.session import Session
from helpers.model.prediction import Prediction


def prediction(accepted: bool = True) -> Prediction:
    return Prediction(
        "f", accepted, None, "a", {"a": 1.0}, 0.8, "s", 1.0, film=np.zeros((3000, 2000), np.uint8)
    )


def test_films_are_shrunk_and_the_original_let_go() -> None:
    entry = Session().add(1, "Film 1", prediction(), True)
    assert entry.film.shape == (1600, 1067)
    assert entry.prediction.film is None


def test_only_the_newest_films_keep_their_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "VIEWABLE", 3)
    films = Session()
    for number in range(5):
        films.add(number, f"Film {number}", prediction(), True)
    assert [entry.number for entry in films.viewable()] == [4, 3, 2]
    assert [entry.film is None for entry in films] == [True, True, False, False, False]
    assert len(films) == 5


def test_numbers_go_on_after_all_is_forgotten() -> None:
    films = Session()
    assert [films.next_number(), films.next_number()] == [1, 2]
    films.clear()
    assert films.next_number() == 3
    assert films.latest(5) == []
