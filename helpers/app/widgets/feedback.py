"""An analyst's word on a film, kept only when asked: local records without picture or name."""

import json
import os
import secrets
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import ipywidgets as widgets

from helpers.app.messages import Messages
from helpers.app.widgets.session import Entry
from helpers.core.errors import SuiteError

FILE = "feedback.jsonl"
LONGEST_NOTE = 2000  # characters


def keep_feedback(folder: Path, entry: Entry, seen: str, note: str) -> str:
    """Append one record to the run's feedback.jsonl, readable by its owner only; return its id.

    seen: the class the analyst sees. Raises SuiteError when it cannot be written.
    """
    record = {
        "id": secrets.token_hex(8),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": folder.name,
        "stamp": entry.prediction.stamp,
        "label": entry.prediction.label,
        "confidence": round(entry.prediction.confidence, 6),
        "agreed": seen == entry.prediction.label,
        "seen": seen,
        "note": note[:LONGEST_NOTE],
    }
    line = json.dumps(record, ensure_ascii=False) + "\n"
    try:
        handle = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with open(handle, "a", encoding="utf-8") as file:  # noqa: PTH123 (an open descriptor)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SuiteError(
            f"The feedback could not be kept in outputs/{folder.name}/{FILE} ({error.strerror})."
        ) from error
    return record["id"]


class FeedbackForm(widgets.VBox):
    """Agree or name another class, add a note, and keep it: three steps, each one a choice."""

    def __init__(self, folder: Path, messages: Messages):
        self._folder, self._messages = folder, messages
        self._entry: Entry | None = None
        self._heading = widgets.HTML()
        self._seen = widgets.Dropdown()
        self._note = widgets.Textarea(rows=2)
        self._keep = widgets.Checkbox(value=False, indent=False)
        self._save = widgets.Button(icon="check")
        self._said = widgets.HTML()
        self._save.on_click(self._on_save)
        super().__init__(
            [
                self._heading,
                self._seen,
                self._note,
                widgets.HBox([self._keep, self._save]),
                self._said,
            ]
        )
        self.add_class("cxr-feedback")
        self.speak(messages)

    def speak(self, messages: Messages) -> None:
        """Say everything in another language."""
        self._messages = messages
        self._heading.value = f"<h3>{escape(messages.say('feedback'))}</h3>"
        named = ((self._seen, "verdict"), (self._note, "note"))
        for control, key in (*named, (self._keep, "keep_feedback"), (self._save, "save_feedback")):
            control.description = control.tooltip = messages.say(key)
        for control, _ in named:
            control.style.description_width = "11em"
        self.ask_about(self._entry, self._folder)

    def ask_about(self, entry: Entry | None, folder: Path) -> None:
        """Turn to another film (None: no film) of the run in `folder`."""
        self._entry, self._folder = entry, folder
        labels = [] if entry is None else [entry.prediction.label, *entry.prediction.probabilities]
        options = [(self._messages.class_name(label), label) for label in dict.fromkeys(labels)]
        if options:
            options[0] = (f"{self._messages.say('agree')} ({options[0][0]})", options[0][1])
        self._seen.options = options
        self._seen.value = None  # else the browser shows no choice where Python has the first one
        self._seen.value = None if entry is None else entry.prediction.label
        self._note.value, self._said.value = "", ""
        self._keep.value = False
        self._save.disabled = entry is None

    def _on_save(self, _button: object) -> None:
        if not self._keep.value:
            self._tell(self._messages.say("feedback_unasked"))
            return
        try:
            record = keep_feedback(self._folder, self._entry, self._seen.value, self._note.value)
        except SuiteError as error:
            self._tell(str(error))
            return
        self.ask_about(self._entry, self._folder)
        self._tell(self._messages.say("feedback_kept", id=record))

    def _tell(self, words: str) -> None:
        self._said.value = f'<p role="status">{escape(words)}</p>'
