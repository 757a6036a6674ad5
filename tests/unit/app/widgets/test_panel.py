"""The panel without a browser: films in, results shown, names and pixels kept where they belong."""

import asyncio
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import cv2
import ipywidgets
import numpy as np
import pytest
from ipywidgets import embed

from helpers.app.messages import table
from helpers.app.widgets import PredictionPanel
from helpers.core.errors import MissingInputError
from helpers.data.sources import FilmSource


def film_file(seed: int) -> bytes:
    """A PNG of a film that differs from seed to seed."""
    values = np.random.default_rng(seed).integers(0, 256, (60, 50)).astype(np.uint8)
    return cv2.imencode(".png", values)[1].tobytes()


def upload(panel: PredictionPanel, *files: tuple[str, bytes]) -> None:
    """What the browser sends when files are chosen."""
    panel._inputs._upload.value = tuple(
        {
            "name": name,
            "type": "",
            "size": len(data),
            "content": memoryview(data),
            "last_modified": datetime(2026, 1, 1, tzinfo=UTC),
        }
        for name, data in files
    )


@pytest.fixture
def panel(home: Path) -> PredictionPanel:
    return PredictionPanel("small")


def results(panel: PredictionPanel) -> list[tuple[str, bool]]:
    return [(entry.name, entry.prediction.accepted) for entry in panel.session]


def test_uploads_become_cards_history_and_a_closer_look(panel: PredictionPanel) -> None:
    upload(panel, ("a.png", film_file(1)), ("b.png", b"hello"), ("c.png", film_file(2)))
    assert results(panel) == [("Film 1", True), ("Film 2", False), ("Film 3", True)]
    assert "2 accepted, 1 turned away" in panel._status.value
    assert panel._cards.value.count("<article") == 3
    assert panel._viewer.current.name == "Film 3"
    assert "not a picture" in panel._history.value
    assert panel._inputs._upload.value == ()
    assert panel._closer.layout.display is None


def test_file_names_are_shown_only_when_asked(panel: PredictionPanel) -> None:
    upload(panel, ("Roe_Jane.png", film_file(1)))
    everything = panel._cards.value + panel._history.value + panel._downloads.value
    assert "Roe" not in everything
    panel._inputs.keep_names.value = True
    upload(panel, ("Roe_Jane.png", film_file(1)))
    assert results(panel)[1][0] == "Roe_Jane.png"


def test_the_threshold_can_be_moved_over_what_is_shown(panel: PredictionPanel) -> None:
    upload(panel, ("a.png", film_file(1)))
    panel._threshold.value = 0.3
    assert "ask a radiologist" not in panel._cards.value
    panel._threshold.value = 0.99
    assert "ask a radiologist" in panel._cards.value
    assert "ask a radiologist" in panel._history.value


def test_nothing_of_an_upload_is_in_the_widgets_state(panel: PredictionPanel) -> None:
    upload(panel, ("Poe_Edgar.png", film_file(1)))
    state = json.dumps(ipywidgets.Widget.get_manager_state(), default=repr)
    state += json.dumps(embed.embed_data(views=[panel]), default=repr)
    assert "base64," not in state
    assert "data:image/jpeg" not in state
    assert "Poe_Edgar" not in state
    assert "data:image/jpeg" in panel._cards.value  # while the open page shows it


@pytest.mark.parametrize("language", ["en", "es", "hi"])
def test_everything_is_said_in_the_chosen_language(panel: PredictionPanel, language: str) -> None:
    upload(panel, ("a.png", film_file(1)), ("b.png", b""))
    panel._language.value = language
    said = panel._title.value + panel._notice.value + panel._cards.value + panel._history.value
    said += panel._inputs._upload.description + panel._cancel.description
    for key in ("title", "notice", "upload", "cancel", "turned_away", "remark.empty_file"):
        assert table()[key][language] in said.replace("&quot;", '"')


def test_every_control_has_a_label(panel: PredictionPanel) -> None:
    kinds = (ipywidgets.Button, ipywidgets.Text, ipywidgets.Dropdown, ipywidgets.FloatSlider)
    kinds += (ipywidgets.Checkbox, ipywidgets.FileUpload, ipywidgets.Textarea)
    found = [widget for widget in _below(panel) if isinstance(widget, kinds)]
    assert len(found) >= 18
    assert all(widget.description for widget in found)


def _below(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    children = getattr(widget, "children", ())
    return [widget, *(found for child in children for found in _below(child))]


def test_a_path_is_read_and_a_wrong_one_answered(panel: PredictionPanel, tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(film_file(1))
    panel._inputs._path.value = str(tmp_path)
    panel._inputs._read.click()
    assert results(panel) == [("Film 1", True)]
    panel._inputs._path.value = str(tmp_path / "none")
    panel._inputs._read.click()
    assert "no such file or folder" in panel._status.value


def test_under_voila_paths_are_switched_off(home: Path, monkeypatch) -> None:
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    panel = PredictionPanel("small")
    assert panel._inputs._path.disabled
    panel._inputs._path.value = "/etc/hostname"
    panel._inputs._take_path(None)
    assert results(panel) == []
    assert "shared folder" in panel._status.value


def test_under_voila_a_shared_folder_can_be_opened(home: Path, monkeypatch, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "film.png").write_bytes(film_file(1))
    (tmp_path / "other.png").write_bytes(film_file(2))
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    monkeypatch.setenv("CXR_PANEL_FOLDER", str(shared))
    panel = PredictionPanel("small")
    for place in ("film.png", "../other.png", str(tmp_path / "other.png"), "s3://b/k", "."):
        panel._inputs._path.value = place
        panel._inputs._read.click()
    assert results(panel) == [("Film 1", True)]


def test_a_server_that_loses_large_uploads_is_named_before_the_upload(
    home: Path, monkeypatch
) -> None:
    assert "10 MB" in PredictionPanel("small")._inputs._help.value
    assert "path" in PredictionPanel("small")._inputs._help.value
    command = "jupyter-lab --x={'websocket_max_message_size': 209715200}"
    monkeypatch.setattr("helpers.app.widgets.surroundings._server_command", lambda: command)
    assert "loses" not in PredictionPanel("small")._inputs._help.value


def test_a_saved_widget_state_is_warned_of(home: Path, monkeypatch) -> None:
    monkeypatch.setattr("helpers.app.widgets.surroundings.saves_widget_state", lambda: True)
    assert 'role="alert"' in PredictionPanel("small")._notice.value


def test_a_batch_can_be_cancelled_and_the_next_one_runs(panel: PredictionPanel) -> None:
    second_may_go = threading.Event()

    def slow() -> bytes:
        second_may_go.wait(10)
        return film_file(2)

    films = [FilmSource("0", lambda: film_file(1)), FilmSource("1", slow)]
    films += [FilmSource(str(n), lambda: film_file(3)) for n in range(2, 100)]

    async def analyst() -> None:
        panel.read(films, 100, False)
        while not len(panel.session):
            await asyncio.sleep(0.01)
        assert panel._busy.layout.visibility == "visible"
        panel._cancel.click()
        second_may_go.set()
        await panel._work
        assert len(panel.session) == 1
        assert "Cancelled after 1" in panel._status.value
        panel.read([FilmSource("next", lambda: film_file(4))], 1, False)
        await panel._work

    asyncio.run(analyst())
    assert len(panel.session) == 2
    assert panel._busy.layout.visibility == "hidden"


def test_a_second_upload_waits_for_the_first(panel: PredictionPanel) -> None:
    async def analyst() -> None:
        panel.read([FilmSource(str(n), lambda: film_file(1)) for n in range(20)], 20, False)
        panel.read([FilmSource("late", lambda: film_file(2))], 1, True)
        await panel._work

    asyncio.run(analyst())
    assert len(panel.session) == 21
    assert results(panel)[-1] == ("late", True)


def test_a_hundred_files_are_all_in_the_history_and_few_are_cards(panel: PredictionPanel) -> None:
    upload(panel, *((f"{n}.png", film_file(n) if n % 10 else b"") for n in range(100)))
    assert len(panel.session) == 100
    assert panel._cards.value.count("<article") == 12
    assert "90 accepted, 10 turned away" in panel._status.value
    assert panel._history.value.count("<tr>") == 101


def test_forgetting_leaves_nothing_behind(panel: PredictionPanel) -> None:
    upload(panel, ("a.png", film_file(1)))
    panel._clear.click()
    assert len(panel.session) == 0
    assert "data:image" not in panel._cards.value + panel._viewer._picture.value
    assert panel._closer.layout.display == "none"


def test_another_run_brings_its_classes_and_a_bad_one_is_refused(panel: PredictionPanel) -> None:
    panel._runs.value = "other"
    upload(panel, ("a.png", film_file(1)))
    assert set(next(iter(panel.session)).prediction.probabilities) == {"negative", "positive"}
    panel._runs.options = (*panel._runs.options, "begun")
    panel._runs.value = "begun"
    assert panel._runs.value == "other"
    assert "run 04_train first" in panel._status.value


def test_a_run_without_model_names_the_notebook(home: Path) -> None:
    with pytest.raises(MissingInputError, match="04_train"):
        PredictionPanel("begun")


def test_a_stored_notebook_shows_a_sentence_in_its_place(panel: PredictionPanel) -> None:
    assert repr(panel) == "Upload panel over run 'small': run this cell to use it."
