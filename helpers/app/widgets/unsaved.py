"""Widgets that show films but never hand them to a saved notebook."""

from collections.abc import Iterable
from typing import Any

import ipywidgets as widgets


class UnsavedHTML(widgets.HTML):
    """HTML whose content reaches the open page and nothing else.

    A widget's whole state is asked for when a notebook's widgets are saved or embedded; single
    traits are sent when they change. So the content is left out of the former.
    """

    def __init__(self, value: str = "", **traits: Any):
        """Open the widget empty, then send the content as a change."""
        super().__init__(**traits)
        self.value = value

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict:
        """The state of the traits asked for; the content only when it is asked for by name."""
        state = super().get_state(key, drop_defaults)
        if key is None:
            state.pop("value", None)
        return state


class UnsavedUpload(widgets.FileUpload):
    """A file chooser whose files are taken out at once and never part of a saved state."""

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict:
        """The state without the files."""
        state = super().get_state(key, drop_defaults)
        if key is None:
            state.pop("value", None)
        return state

    def take(self) -> list[tuple[str, bytes]]:
        """The (name, bytes) of what was chosen; the widget forgets it, here and in the browser."""
        files = [(item["name"], bytes(item["content"])) for item in self.value]
        self.value = ()
        return files
