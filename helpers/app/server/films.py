"""From a request to predictions: films out of the upload, through the one predictor, in threads."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from helpers.app.server.metrics import Metrics
from helpers.app.server.refusal import RefusalError
from helpers.core.machine import cores
from helpers.data.sources import FilmSource
from helpers.model.batch import predict_source
from helpers.model.prediction import Prediction
from helpers.model.predictor import Predictor

LONGEST_NAME = 200  # characters of a file name that are given back
FIELDS = 20  # of a form, beside its films
# What a file must be told when none of a request's films could be read; others are 422.
STATUS_OF_REASON = {
    "too_many_bytes": 413,
    "too_many_pixels": 413,
    "not_a_picture": 415,
}
T = TypeVar("T")


@dataclass(frozen=True)
class Film:
    """One uploaded file, in memory; `name` is for showing only and never becomes a path."""

    name: str
    data: bytes = field(repr=False)


class _InMemory(MultiPartParser):
    """Starlette's parser, which would put films on the disk from 1 MB on."""

    spool_max_size = sys.maxsize


async def read_form(request: Request, most: int) -> FormData:
    """The fields and films of a multipart form; RefusalError 415, 413 or 422."""
    kind, _ = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data":
        raise RefusalError(415, "Send the films as a multipart/form-data form, field 'films'.")
    parser = _InMemory(request.headers, request.stream(), max_files=most, max_fields=FIELDS)
    try:
        return await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise RefusalError(413, f"Send at most {most} films at once.") from error
        raise RefusalError(
            422, f"The form cannot be read ({error.message.rstrip('.')})."
        ) from error
    except ValueError as error:  # names that are no text in any encoding
        raise RefusalError(422, "The form cannot be read.") from error


async def films_of(form: FormData) -> list[Film]:
    """Every file of the form, whatever its field is called; RefusalError 422 without any."""
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    films = [Film(plain_name(file.filename or ""), await file.read()) for file in files]
    films = [film for film in films if film.data or film.name]  # an empty file input sends this
    if not films:
        raise RefusalError(422, "There is no film in the form: send one as the field 'films'.")
    return films


def plain_name(name: str) -> str:
    """The last part of a file name as it may be shown: no folders, no control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:LONGEST_NAME]


class Reader:
    """Predicts in as many threads as there are cores; OpenCV and LiteRT let go of Python's lock."""

    def __init__(self, predictor: Predictor, metrics: Metrics):
        self.predictor, self._metrics = predictor, metrics
        self._pool = ThreadPoolExecutor(cores(), thread_name_prefix="film")

    async def predict(self, films: Sequence[Film]) -> list[Prediction]:
        """One prediction for each film, in order; a bad film gives its reason, not an error."""
        return list(await asyncio.gather(*(self.run(self._predict, film) for film in films)))

    async def run(self, work: Callable[..., T], *words: object) -> T:
        """Anything that computes, away from the loop that answers requests."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *words)

    def _predict(self, film: Film) -> Prediction:
        found = predict_source(self.predictor, FilmSource(film.name, lambda: film.data))
        outcome = "unreadable" if found.film is None else "turned_away"
        self._metrics.film("accepted" if found.accepted else outcome)
        return found


def status_of(predictions: Sequence[Prediction]) -> int:
    """200 when at least one film could be read, else what was wrong with the first."""
    if any(one.film is not None for one in predictions):
        return 200
    return STATUS_OF_REASON.get(getattr(predictions[0].reason, "code", ""), 422)
