"""How films come into the panel: chosen or dropped, by path or address, or from the test split."""

from collections.abc import Callable, Iterable, Iterator
from html import escape
from importlib.resources import files

import ipywidgets as widgets

from helpers.app.messages import Messages
from helpers.app.widgets import surroundings
from helpers.app.widgets.surroundings import MEGABYTE
from helpers.app.widgets.unsaved import UnsavedUpload
from helpers.core.errors import SuiteError
from helpers.core.runs import Run
from helpers.data.scaling import MAX_BYTES
from helpers.data.sources import FilmSource, films_of_split, find_films

ACCEPTED = ".jpg,.jpeg,.png,.tif,.tiff,.bmp,.webp,.gif,.dcm,.dicom,image/*,application/dicom"

# Called with the films, how many (None: not known), and whether their names may be shown as given.
OnFilms = Callable[[Iterable[FilmSource], int | None, bool], None]


class FilmInputs(widgets.VBox):
    """The panel's upper part; hands what it gets to `on_films` and complaints to `on_problem`."""

    def __init__(
        self, run: Run, messages: Messages, on_films: OnFilms, on_problem: Callable[[str], None]
    ):
        self._on_films, self._on_problem = on_films, on_problem
        self._page = surroundings.under_voila()
        self._limit = surroundings.upload_limit()
        self._upload = UnsavedUpload(accept=ACCEPTED, multiple=True)
        self._help = widgets.HTML()
        self._path = widgets.Text(continuous_update=False)
        self._read = widgets.Button(icon="folder-open")
        self._test = widgets.Button(icon="random")
        self.keep_names = widgets.Checkbox(value=False, indent=False)
        self._upload.observe(self._take_upload, "value")
        self._read.on_click(self._take_path)
        self._test.on_click(self._take_test_film)
        super().__init__([self._upload, self._help, self._path_row(), self._other_row()])
        self.add_class("cxr-inputs")
        self.turn_to(run)
        self.speak(messages)

    def _path_row(self) -> widgets.HBox:
        row = widgets.HBox([self._path, self._read])
        row.add_class("cxr-row")
        if self._page and surroundings.shared_folder() is None:
            row.layout.display = "none"
            self._path.disabled = self._read.disabled = True
        return row

    def _other_row(self) -> widgets.HBox:
        script = (files(__package__) / "drop.js").read_text(encoding="utf-8")
        # An <img> that fails to load runs its handler; a <script> set by a widget does not run.
        drop = widgets.HTML(f'<img hidden alt="" src="data:," onerror="{escape(script)}">')
        row = widgets.HBox([self._test, self.keep_names, drop])
        row.add_class("cxr-row")
        return row

    def turn_to(self, run: Run) -> None:
        """Take test films from this run."""
        self._test_count = 0
        self._run, self._tests = run, None  # read when first asked for: pandas takes its time
        self._test.disabled = not run.path("splits.csv").exists()

    def speak(self, messages: Messages) -> None:
        """Say everything in another language."""
        self._messages, say = messages, messages.say
        megabytes = min(self._limit, MAX_BYTES) // MEGABYTE
        self._upload.description = self._upload.tooltip = say("upload")
        small = "upload_small_page" if self._path.disabled else "upload_small"
        self._help.value = f"<small>{escape(say('upload_help', limit=megabytes))}</small>" + (
            f'<p class="cxr-warning">{escape(say(small, limit=megabytes))}</p>'
            if self._limit < MAX_BYTES
            else ""
        )
        self._path.description = say("path_folder_label" if self._page else "path_label")
        self._path.style.description_width = "13em"
        self._read.description = say("path_button")
        self._test.description = say("test_film")
        self.keep_names.description = say("keep_names")
        for control in (self._path, self._read, self._test, self.keep_names):
            control.tooltip = control.description

    def _take_upload(self, _change: object) -> None:
        if not self._upload.value:  # our own emptying of it
            return
        taken = self._upload.take()
        self._on_films(_from_memory(taken), len(taken), self.keep_names.value)

    def _take_path(self, _button: object) -> None:
        place = self._path.value.strip()
        if not place:
            return
        try:
            films = self._films_at(place)
        except SuiteError as error:
            self._on_problem(str(error))
        else:
            self._on_films(films, None, self.keep_names.value)

    def _films_at(self, place: str) -> Iterable[FilmSource]:
        """Films at a path or address; visitors of a page are held to the shared folder."""
        if not self._page:
            return find_films([place])
        folder = surroundings.shared_folder()
        path = surroundings.inside(folder, place) if folder else None
        if path is None or not path.is_file():
            raise SuiteError(self._messages.say("path_outside"))
        return find_films([str(path)])

    def _take_test_film(self, _button: object) -> None:
        try:
            self._tests = self._tests or films_of_split(self._run, "test")
            label, film = next(self._tests)
        except SuiteError as error:
            self._on_problem(str(error))
            return
        self._test_count += 1
        shown = self._messages.class_name(label)
        name = self._messages.say("test_film_name", number=self._test_count, label=shown)
        self._on_films([FilmSource(name, film.read)], 1, True)


def _from_memory(taken: list[tuple[str, bytes]]) -> Iterator[FilmSource]:
    """Hand uploads on one by one; each is let go as soon as it is read."""
    taken.reverse()
    while taken:
        name, data = taken.pop()
        yield FilmSource(name, lambda data=data: data)
