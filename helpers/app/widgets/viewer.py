"""The large view of one film: saliency with opacity, window and level, zoom."""

from collections.abc import Callable
from html import escape

import ipywidgets as widgets
import numpy as np

from helpers.app.messages import Messages
from helpers.app.overlays import overlay, shrink, window_level
from helpers.app.widgets.cards import picture
from helpers.app.widgets.session import Entry, Session
from helpers.app.widgets.unsaved import UnsavedHTML

SIDE = 520  # pixels of the longer side on the page at zoom 1
FINEST = 1600  # pixels sent at most, whatever the zoom
OPACITY, WINDOW, LEVEL, ZOOM = 0.55, 256, 128, 1.0


class FilmViewer(widgets.VBox):
    """Shows one of the session's films; `current` is its entry or None.

    below: what stands under the controls.
    """

    def __init__(self, session: Session, messages: Messages, below: widgets.Widget):
        self._session, self._messages = session, messages
        self._film = widgets.Dropdown()
        self._label = widgets.Dropdown()
        self._opacity = _slider(OPACITY, 0, 1, 0.05, ".0%")
        self._window = _slider(WINDOW, 2, 512, 2, ".0f")
        self._level = _slider(LEVEL, 0, 255, 1, ".0f")
        self._zoom = _slider(ZOOM, 1, 6, 0.25, ".2f")
        self._reset = widgets.Button(icon="undo")
        self._picture = UnsavedHTML()
        self._help = widgets.HTML()
        frame = widgets.Box([self._picture])
        frame.add_class("cxr-frame")
        controls = widgets.VBox(
            [
                *(self._film, self._label, self._opacity, self._window, self._level, self._zoom),
                *(self._reset, self._help, below),
            ]
        )
        controls.add_class("cxr-controls")
        row = widgets.HBox([frame, controls])
        row.add_class("cxr-viewer")
        super().__init__([row])
        for control in (self._label, self._opacity, self._window, self._level, self._zoom):
            control.observe(self._draw, "value")
        self._film.observe(self._show_chosen, "value")
        self._reset.on_click(self._reset_view)
        self.speak(messages)

    @property
    def current(self) -> Entry | None:
        """The entry in view."""
        return self._film.value

    def observe_film(self, callback: Callable[[Entry | None], None]) -> None:
        """Call back with the entry in view whenever it changes."""
        self._film.observe(lambda change: callback(change["new"]), "value")

    def speak(self, messages: Messages) -> None:
        """Say everything in another language."""
        self._messages = messages
        named = [
            *((self._film, "film_label"), (self._label, "saliency_label")),
            *((self._opacity, "opacity"), (self._window, "window"), (self._level, "level")),
            *((self._zoom, "zoom"), (self._reset, "reset")),
        ]
        for control, key in named:
            control.description = control.tooltip = messages.say(key)
            if control is not self._reset:
                control.style.description_width = "11em"
        self.refresh()

    def refresh(self) -> None:
        """Offer the session's films anew and show the newest one."""
        entries = self._session.viewable()
        # Set as one change: the old film must not be drawn with the new choices.
        self._film.options = [(entry.name, entry) for entry in entries]
        self._film.value = entries[0] if entries else None
        self._show_chosen()

    def _show_chosen(self, _change: object = None) -> None:
        entry = self.current
        labels = list(entry.prediction.probabilities) if entry else []
        self._label.options = [(self._messages.class_name(label), label) for label in labels]
        self._label.value = entry.prediction.label if entry else None
        self._draw()

    def _draw(self, _change: object = None) -> None:
        entry, say = self.current, self._messages.say
        if entry is None:
            self._picture.value = f'<p class="cxr-empty">{escape(say("no_film"))}</p>'
            return
        pixels = self._render(entry)
        height, width = (round(side * self._shown_scale(entry)) for side in entry.film.shape)
        words = say(
            "film_alt",
            name=entry.name,
            label=self._messages.class_name(entry.prediction.label),
            saliency=self._messages.class_name(self._label.value or entry.prediction.label),
        )
        self._picture.value = (
            f'<img alt="{escape(words, quote=True)}" src="{picture(pixels)}" '
            f'style="width:{width}px;height:{height}px;max-width:none">'
        )
        found = entry.prediction.saliency is not None
        self._help.value = f"<p>{escape(say('saliency_help' if found else 'no_saliency'))}</p>"
        self._opacity.disabled = self._label.disabled = not found

    def _render(self, entry: Entry) -> np.ndarray:
        sent = min(FINEST, round(SIDE * self._zoom.value * 1.5))  # sharp on dense screens too
        film = window_level(shrink(entry.film, sent), self._level.value, self._window.value)
        saliency = entry.prediction.saliency_of(self._label.value or "")
        if saliency is None or not self._opacity.value:
            return film
        return overlay(film, saliency, self._opacity.value)

    def _shown_scale(self, entry: Entry) -> float:
        return SIDE * self._zoom.value / max(entry.film.shape)

    def _reset_view(self, _button: object) -> None:
        values = ((self._opacity, OPACITY), (self._window, WINDOW), (self._level, LEVEL))
        for control, value in (*values, (self._zoom, ZOOM)):
            control.value = value


def _slider(value: float, low: float, high: float, step: float, form: str) -> widgets.FloatSlider:
    return widgets.FloatSlider(
        value=value, min=low, max=high, step=step, readout_format=form, layout={"width": "auto"}
    )
