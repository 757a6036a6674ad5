"""The upload panel: films in, results as cards, a closer look, a history; work that can be stopped.

Predictions run in threads while the kernel stays free for the Cancel button. Films live in memory
only; see `unsaved` for how they stay out of saved notebooks.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from html import escape
from importlib.resources import files

import ipywidgets as widgets

from helpers.app.messages import Messages, languages
from helpers.app.widgets import surroundings
from helpers.app.widgets.cards import card
from helpers.app.widgets.feedback import FeedbackForm
from helpers.app.widgets.history import download_link, to_csv, to_page, to_table
from helpers.app.widgets.inputs import FilmInputs
from helpers.app.widgets.session import Session
from helpers.app.widgets.unsaved import UnsavedHTML
from helpers.app.widgets.viewer import FilmViewer
from helpers.core.errors import SuiteError
from helpers.core.runs import Run, runs_with
from helpers.data.sources import FilmSource
from helpers.model.batch import predict_many
from helpers.model.prediction import Prediction
from helpers.model.predictor import Predictor

CARDS = 12  # results shown as cards; all are in the history
REDRAW_SECONDS = 0.4  # so that a batch is not slowed down by showing it


class PredictionPanel(widgets.VBox):
    """`PredictionPanel("sample")` as the last line of a cell shows the panel.

    Raises MissingInputError for a run without model, naming the notebook that makes one.
    """

    def __init__(self, run: str, language: str = "en", threshold: float = 0.7):
        self._run = Run(run)
        self._predictor = Predictor.load(self._run.folder)
        self._messages = Messages(language)
        self.session = Session()
        self._waiting: deque[tuple[Iterable[FilmSource], int | None, bool]] = deque()
        self._work: asyncio.Task | None = None
        self._cancelled = False
        self._drawn = 0.0
        self._make_controls(threshold)
        super().__init__(self._layout())
        self.add_class("cxr-panel")
        self._speak()

    def _make_controls(self, threshold: float) -> None:
        messages = self._messages
        self._title, self._notice = widgets.HTML(), widgets.HTML()
        self._language = widgets.Dropdown(
            options=[(name, code) for code, name in languages().items()], value=messages.language
        )
        self._runs = widgets.Dropdown(
            options=sorted({*runs_with("model/labels.json"), self._run.name}), value=self._run.name
        )
        self._inputs = FilmInputs(self._run, messages, self.read, self._tell)
        self._threshold = widgets.FloatSlider(
            value=threshold, min=0.3, max=1, step=0.01, readout_format=".0%"
        )
        self._progress = widgets.IntProgress(min=0, max=1, layout={"width": "260px"})
        self._cancel, self._clear = widgets.Button(icon="stop"), widgets.Button(icon="trash")
        self._status, self._cards = widgets.HTML(), UnsavedHTML()
        self._feedback = FeedbackForm(self._run.folder, messages)
        self._viewer = FilmViewer(self.session, messages, below=self._feedback)
        self._history, self._downloads = UnsavedHTML(), UnsavedHTML()
        self._headings = {key: widgets.HTML() for key in ("viewer", "history")}
        self._language.observe(self._change_language, "value")
        self._runs.observe(self._change_run, "value")
        self._threshold.observe(lambda _: self._draw(), "value")
        self._cancel.on_click(lambda _: self.cancel())
        self._clear.on_click(lambda _: self.forget())
        self._viewer.observe_film(lambda entry: self._feedback.ask_about(entry, self._run.folder))

    def _layout(self) -> list[widgets.Widget]:
        style = (files(__package__) / "style.css").read_text(encoding="utf-8")
        head = widgets.HBox([self._title, self._runs, self._language])
        head.add_class("cxr-head")
        self._busy = widgets.HBox([self._progress, self._cancel], layout={"visibility": "hidden"})
        row = widgets.HBox([self._threshold, self._clear, self._busy])
        row.add_class("cxr-row")
        self._closer = widgets.VBox(
            [
                *(self._headings["viewer"], self._viewer),
                *(self._headings["history"], self._history, self._downloads),
            ]
        )
        return [
            *(widgets.HTML(f"<style>{style}</style>"), head, self._notice, self._inputs),
            *(row, self._status, self._cards, self._closer),
        ]

    # Films in

    def read(self, films: Iterable[FilmSource], total: int | None, named: bool) -> None:
        """Predict films after those already waiting; `named`: show the names they came with."""
        self._waiting.append((films, total, named))
        if self._work is not None and not self._work.done():
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a plain script or test: no event loop to share
            asyncio.run(self._work_off())
        else:
            self._work = loop.create_task(self._work_off())

    def cancel(self) -> None:
        """Stop after the film at hand and drop those waiting."""
        self._cancelled = self._work is not None and not self._work.done()
        self._waiting.clear()

    def forget(self) -> None:
        """Forget all films and results of the session."""
        self.cancel()
        self.session.clear()
        self._viewer.refresh()
        self._draw()
        self._tell(self._messages.say("forgotten"))

    async def _work_off(self) -> None:
        """Predict one batch after another until none waits."""
        self._set_busy(True)
        try:
            while self._waiting:
                self._tell(await self._predict_batch(*self._waiting.popleft()))
                self._cancelled = False
        except SuiteError as error:  # the store went away while it was being listed
            self._tell(str(error))
        finally:
            self._set_busy(False)
            self._viewer.refresh()
            self._draw()

    async def _predict_batch(
        self, films: Iterable[FilmSource], total: int | None, named: bool
    ) -> str:
        """Predict one batch film by film; return what to say at its end."""
        results = predict_many(self._predictor, films)
        accepted = done = 0
        while not self._cancelled:
            prediction = await asyncio.to_thread(next, results, None)
            if prediction is None or self._cancelled:
                break
            self._add(prediction, named)
            accepted, done = accepted + prediction.accepted, done + 1
            self._show_progress(done, total)
        await asyncio.to_thread(results.close)
        if self._cancelled:
            return self._messages.say("cancelled", done=done)
        return self._messages.say("finished", accepted=accepted, turned_away=done - accepted)

    def _add(self, prediction: Prediction, named: bool) -> None:
        number = self.session.next_number()
        name = prediction.file if named else self._messages.say("film_name", number=number)
        calibrated = self._predictor.temperature is not None
        self.session.add(number, name, prediction, calibrated)
        if time.monotonic() - self._drawn > REDRAW_SECONDS:
            self._draw()

    # What is shown

    def _set_busy(self, busy: bool) -> None:
        self._busy.layout.visibility = "visible" if busy else "hidden"
        self._runs.disabled = busy

    def _show_progress(self, done: int, total: int | None) -> None:
        self._progress.max = total or max(done, 1)
        self._progress.value = done
        key = "working" if total else "working_open"
        self._tell(self._messages.say(key, done=done, total=total))

    def _tell(self, words: str) -> None:
        self._status.value = f'<p role="status" aria-live="polite">{escape(words)}</p>'

    def _draw(self) -> None:
        """Show cards and history anew, with the present threshold and language."""
        entries, say = list(self.session), self._messages.say
        threshold = self._threshold.value
        latest = self.session.latest(CARDS)
        more = say("more_in_history", count=len(latest)) if len(entries) > len(latest) else ""
        cards = "".join(card(entry, self._messages, threshold) for entry in latest)
        self._cards.value = f'<p>{escape(more)}</p><div class="cxr-cards">{cards}</div>'
        self._closer.layout.display = None if entries else "none"
        self._history.value = to_table(entries, self._messages, threshold)
        if self._work is None or self._work.done() or len(entries) <= CARDS:
            self._downloads.value = self._links(entries, threshold)
        self._drawn = time.monotonic()

    def _links(self, entries: list, threshold: float) -> str:
        say = self._messages.say
        page = to_page(entries, self._messages, threshold, self._run.name)
        return download_link(
            say("export_csv"), "films.csv", to_csv(entries, threshold), "text/csv"
        ) + download_link(say("export_page"), "films.html", page, "text/html")

    def _change_language(self, change: dict) -> None:
        self._messages = Messages(change["new"])
        self._speak()

    def _change_run(self, change: dict) -> None:
        run = Run(change["new"])
        try:
            self._predictor = Predictor.load(run.folder)
        except SuiteError as error:
            self._tell(str(error))
            self._runs.value = self._run.name
            return
        self._run = run
        self._inputs.turn_to(run)
        self._viewer.refresh()
        self._speak()

    def _speak(self) -> None:
        """Say everything in the present language."""
        messages, say = self._messages, self._messages.say
        self._title.value = f"<h2>{escape(say('title'))}</h2>"
        stamp = escape(messages.stamp(self._predictor.stamp))
        warning = escape(say("state_is_saved")) if surroundings.saves_widget_state() else ""
        self._notice.value = (
            f'<p class="cxr-banner"><b>{escape(say("notice"))}</b> {stamp}.<br>'
            f"{escape(say('burned_in_warning'))}</p>"
            + (f'<p class="cxr-warning" role="alert">{warning}</p>' if warning else "")
        )
        named = [(self._language, "language_label"), (self._runs, "run_label")]
        for control, key in [
            *named,
            *((self._threshold, "threshold"), (self._cancel, "cancel"), (self._clear, "clear")),
        ]:
            control.description = control.tooltip = say(key)
        for control in (self._language, self._runs, self._threshold):
            control.style.description_width = "initial"
        for key, heading in self._headings.items():
            heading.value = f"<h3>{escape(say(key))}</h3>"
        for part in (self._inputs, self._viewer, self._feedback):
            part.speak(messages)
        self._draw()

    def __repr__(self) -> str:
        """What a notebook without a live kernel shows in the panel's place."""
        return f"Upload panel over run '{self._run.name}': run this cell to use it."
