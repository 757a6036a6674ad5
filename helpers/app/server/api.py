"""The addresses for programs: predict, health, metrics, and SageMaker's two."""

import base64
import binascii
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, Field, ValidationError

from helpers.app.overlays import overlay, shrink, to_png
from helpers.app.server.films import Film, films_of, read_form, status_of
from helpers.app.server.metrics import TEXT_TYPE
from helpers.app.server.refusal import RefusalError
from helpers.app.server.state import allow, state_of
from helpers.model.prediction import Prediction

router = APIRouter()
SALIENCY_SIDE = 512  # pixels of the longer side of a saliency picture


class Answer(BaseModel):
    """What the model says of one film."""

    file: str
    accepted: bool = Field(description="whether a class was given")
    reason: str | None = Field(description="why not, in one sentence")
    label: str | None = Field(description="the most probable class")
    probabilities: dict[str, float]
    confidence: float | None
    stamp: str = Field(description="what the audits said of the model")
    milliseconds: float
    notes: list[str] = Field(description="what was done to the film on the way")
    saliency: str | None = Field(
        None, description="with ?saliency=true: a PNG of what the class rests on, as data: address"
    )


class Answers(BaseModel):
    """One answer for each film, in order; `detail` when none of them could be read."""

    predictions: list[Answer]
    detail: str | None = None


class Problem(BaseModel):
    """Why a request was turned down."""

    detail: str


class Batch(BaseModel):
    """Films for /invocations."""

    films: list[str] = Field(min_length=1, description="each film file in base64")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No token, or one that is not known"},
    403: {"model": Problem, "description": "The token's role may not do this"},
    408: {"model": Problem, "description": "The upload came too slowly"},
    413: {"model": Answers, "description": "Too many bytes, films or pixels"},
    415: {"model": Answers, "description": "Not a form, or not a picture of a kind read here"},
    422: {"model": Answers, "description": "No film in the request, or one that cannot be read"},
    429: {"model": Problem, "description": "Too many requests"},
}
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["films"],
                    "properties": {
                        "films": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            }
        },
    }
}
INVOCATION = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "image/png": {"schema": {"type": "string", "format": "binary"}},
            "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": Batch.model_json_schema()},
        },
    }
}


@router.post("/predict", response_model=Answers, responses=PROBLEMS, openapi_extra=FORM)
async def predict(request: Request, saliency: bool = False) -> Response:
    """Predict one or many films of a multipart form."""
    allow(request, "predict")
    state = state_of(request)
    form = await read_form(request, state.settings.films_at_once)
    return await _answer(request, await films_of(form), saliency)


@router.post("/invocations", response_model=Answers, responses=PROBLEMS, openapi_extra=INVOCATION)
async def invocations(request: Request) -> Response:
    """SageMaker's call: one film as the body, or JSON with films in base64."""
    allow(request, "predict")
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await _answer(request, _films_of_json(request, body))
    if kind in ("application/octet-stream", "application/x-image", "application/dicom", ""):
        kind = "image/"
    if not kind.startswith("image/"):
        raise RefusalError(
            415, "Send a film as image/png, image/jpeg ... or JSON with 'films' in base64."
        )
    return await _answer(request, [Film("film", body)])


@router.get("/healthz")
async def healthz(request: Request) -> JSONResponse:
    """Whether the server is well, and which model it serves."""
    state = state_of(request)
    predictor = state.reader.predictor
    return JSONResponse(
        {"status": "ok", "run": state.settings.run, "stamp": predictor.stamp}
        | {"classes": predictor.classes}
    )


@router.get("/ping")
async def ping() -> Response:
    """SageMaker's health check: 200 as soon as the model can answer."""
    return Response()


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Counts and times for Prometheus."""
    return Response(state_of(request).metrics.text(), media_type=TEXT_TYPE)


def _films_of_json(request: Request, body: bytes) -> list[Film]:
    try:
        batch = Batch.model_validate_json(body)
        films = [base64.b64decode(text, validate=True) for text in batch.films]
    except (ValidationError, binascii.Error, ValueError) as error:
        raise RefusalError(
            422, 'Send JSON of the form {"films": ["<film in base64>", ...]}.'
        ) from error
    most = state_of(request).settings.films_at_once
    if len(films) > most:
        raise RefusalError(413, f"Send at most {most} films at once.")
    return [Film(f"film {number}", data) for number, data in enumerate(films, start=1)]


async def _answer(request: Request, films: list[Film], saliency: bool = False) -> JSONResponse:
    """Predict and say it; the status tells whether any film could be read."""
    reader = state_of(request).reader
    predictions = await reader.predict(films)
    answers = [one.to_json() for one in predictions]
    if saliency:
        pictures = [await reader.run(_saliency, one) for one in predictions]
        for answer, picture in zip(answers, pictures, strict=True):
            answer["saliency"] = picture
    content: dict[str, Any] = {"predictions": answers}
    status = status_of(predictions)
    if status != 200:
        content["detail"] = str(predictions[0].reason)
    return JSONResponse(content, status)


def _saliency(prediction: Prediction) -> str | None:
    found = prediction.saliency_of(prediction.label or "")
    if found is None:
        return None
    picture = to_png(overlay(shrink(prediction.film, SALIENCY_SIDE), found))
    return "data:image/png;base64," + base64.b64encode(picture).decode()
