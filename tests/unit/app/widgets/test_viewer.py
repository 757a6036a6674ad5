"""The viewer: every control changes the picture, and it has words for those who cannot see it."""

import base64
import re

import cv2
import numpy as np
import pytest
from ipywidgets import HTML

from helpers.app.messages import Messages
from helpers.app.widgets.session import Session
from helpers.app.widgets.viewer import FilmViewer


def shown(viewer: FilmViewer) -> np.ndarray:
    data = re.search(r"base64,([^\"]+)", viewer._picture.value).group(1)
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def viewer(entry) -> FilmViewer:
    session = Session()
    session._entries += [entry(1, "COVID-19"), entry(2, "Pneumonia"), entry(3, None)]
    return FilmViewer(session, Messages("en"), below=HTML())


def test_it_opens_on_the_newest_film_with_a_class(viewer: FilmViewer) -> None:
    assert viewer.current.name == "Film 2"
    assert viewer._label.value == "Pneumonia"
    assert 'alt="Film 2, Pneumonia; bright areas' in viewer._picture.value


@pytest.mark.parametrize(
    ("control", "value"),
    [("_opacity", 1.0), ("_window", 40), ("_level", 20), ("_label", "COVID-19")],
)
def test_a_control_changes_the_picture_and_reset_brings_it_back(
    viewer: FilmViewer, control: str, value: object
) -> None:
    before = shown(viewer)
    getattr(viewer, control).value = value
    assert not np.array_equal(shown(viewer), before)
    viewer._reset.click()
    viewer._label.value = "Pneumonia"
    assert np.array_equal(shown(viewer), before)


def test_zoom_enlarges_the_picture_in_its_frame(viewer: FilmViewer) -> None:
    widths = []
    for zoom in (1, 3):
        viewer._zoom.value = zoom
        widths.append(int(re.search(r"width:(\d+)px", viewer._picture.value).group(1)))
    assert widths[1] == pytest.approx(3 * widths[0], abs=2)


def test_no_opacity_shows_the_bare_film(viewer: FilmViewer) -> None:
    viewer._opacity.value = 0
    picture = shown(viewer)
    assert np.abs(picture.astype(int) - 80).max() <= 2


def test_every_control_has_a_label_and_a_tooltip(viewer: FilmViewer) -> None:
    viewer.speak(Messages("hi"))
    controls = (viewer._film, viewer._label, viewer._opacity, viewer._window, viewer._level)
    for control in (*controls, viewer._zoom, viewer._reset):
        assert control.description
        assert control.tooltip


def test_a_model_without_saliency_shows_the_film_and_says_so(entry) -> None:
    session = Session()
    film = entry(1)
    object.__setattr__(film.prediction, "saliency", None)
    session._entries.append(film)
    viewer = FilmViewer(session, Messages("en"), below=HTML())
    assert "no saliency maps" in viewer._help.value
    assert viewer._opacity.disabled
    assert shown(viewer).shape[2] == 3


def test_an_empty_session_has_words_instead_of_a_picture() -> None:
    viewer = FilmViewer(Session(), Messages("en"), below=HTML())
    assert viewer.current is None
    assert "No film read yet" in viewer._picture.value
