"""The pages for people: home, about, upload and result, signing in, feedback and its review."""

from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from helpers.app.server.about import about_run
from helpers.app.server.feedback import LONGEST_NOTE, Feedback, to_csv
from helpers.app.server.films import films_of, read_form
from helpers.app.server.guard import SESSION_COOKIE
from helpers.app.server.refusal import RefusalError
from helpers.app.server.rendering import check_mark, messages_of, page, set_cookie
from helpers.app.server.results import show_result
from helpers.app.server.settings import MEGABYTE
from helpers.app.server.state import allow, state_of, visitor_of

router = APIRouter(include_in_schema=False)
HERE = Path(__file__).parent
SHORT_FORM = 64 * 1024  # bytes of a form without films


@router.get("/")
async def home(request: Request) -> Response:
    """What this is, and where to begin."""
    return page(request, "home", classes=state_of(request).reader.predictor.classes)


@router.get("/about")
async def about(request: Request) -> Response:
    """The model card, the audits and the known limits."""
    state = state_of(request)
    return page(request, "about", about=about_run(state.run, state.reader.predictor))


@router.get("/api")
async def api(request: Request) -> Response:
    """The addresses for programs, from the OpenAPI document itself."""
    paths = request.app.openapi()["paths"]
    rows = [
        (method.upper(), path, what["description"].split("\n")[0])
        for path, methods in paths.items()
        for method, what in methods.items()
    ]
    return page(request, "api", rows=rows, base=str(request.base_url).rstrip("/"))


@router.get("/upload")
async def upload(request: Request) -> Response:
    """Choose films."""
    allow(request, "predict")
    settings = state_of(request).settings
    limit = settings.upload_bytes // MEGABYTE
    return page(request, "upload", limit=limit, most=settings.films_at_once)


@router.post("/result")
async def result(request: Request) -> Response:
    """What the model says of the films sent."""
    allow(request, "predict")
    state, messages = state_of(request), messages_of(request)
    form = await read_form(request, state.settings.films_at_once)
    check_mark(request, form)
    films = await films_of(form)
    predictions = await state.reader.predict(films)
    results = [
        await state.reader.run(show_result, number, one, messages, state)
        for number, one in enumerate(predictions, start=1)
    ]
    return page(request, "result", results=results, longest_note=LONGEST_NOTE)


@router.get("/signin")
async def signin(request: Request) -> Response:
    """Ask for the token."""
    if visitor_of(request) is not None:
        return RedirectResponse("./", 303)
    return page(request, "signin", failed=False)


@router.post("/signin")
async def sign_in(request: Request) -> Response:
    """Exchange a token for a session."""
    state = state_of(request)
    form = await _short_form(request)
    check_mark(request, form)
    visitor = state.book and state.book.visitor_of(form.get("token", "").strip())
    if not visitor:
        return page(request, "signin", 401, failed=True)
    response = RedirectResponse("./", 303)
    set_cookie(request, response, SESSION_COOKIE, state.signer.session(visitor))
    return response


@router.post("/signout")
async def sign_out(request: Request) -> Response:
    """End the session."""
    check_mark(request, await _short_form(request))
    response = RedirectResponse("signin", 303)
    response.delete_cookie(SESSION_COOKIE, path=state_of(request).settings.root_path or "/")
    return response


@router.post("/feedback")
async def give_feedback(request: Request) -> Response:
    """Keep what an analyst says of a film, if the box was ticked."""
    allow(request, "feedback")
    state, messages = state_of(request), messages_of(request)
    form = await _short_form(request)
    check_mark(request, form)
    told = state.signer.unseal(form.get("result", ""))
    if told is None or form.get("seen") not in (*state.reader.predictor.classes, ""):
        raise RefusalError(422, "The feedback does not belong to a result of this server.")
    if form.get("keep") != "yes":
        return page(request, "kept", sentence=messages.say("feedback_unasked"), kept=False)
    record = Feedback(
        **told,
        seen=form.get("seen") or told["label"],
        note=form.get("note", "")[:LONGEST_NOTE],
        who=visitor_of(request).name,
    )
    await state.reader.run(state.feedback.keep, record)
    state.metrics.feedback.inc()
    return page(request, "kept", sentence=messages.say("feedback_kept", id=record.id), kept=True)


@router.get("/feedback")
async def review(request: Request) -> Response:
    """All feedback, for reviewers."""
    allow(request, "review")
    state = state_of(request)
    records = await state.reader.run(state.feedback.records)
    return page(request, "feedback", records=records[::-1])


@router.get("/feedback.csv")
async def export(request: Request) -> Response:
    """All feedback as a file, for reviewers."""
    allow(request, "review")
    state = state_of(request)
    content = to_csv(await state.reader.run(state.feedback.records))
    name = {"Content-Disposition": 'attachment; filename="feedback.csv"'}
    return PlainTextResponse(content, headers=name, media_type="text/csv; charset=utf-8")


@router.get("/style.css")
async def style() -> Response:
    """The one style sheet."""
    return FileResponse(HERE / "style.css", headers={"Cache-Control": "max-age=300"})


@router.get("/page.js")
async def script() -> Response:
    """The one script; every page works without it."""
    return FileResponse(
        HERE / "page.js", headers={"Cache-Control": "max-age=300"}, media_type="text/javascript"
    )


async def _short_form(request: Request) -> FormData:
    """A form without films, as browsers send it."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise RefusalError(415, "Send this as an ordinary form.")
    if int(request.headers.get("content-length") or SHORT_FORM + 1) > SHORT_FORM:
        raise RefusalError(413, "This form is too long.")
    text = (await request.body()).decode("utf-8", "replace")
    return FormData([(name, values[0]) for name, values in parse_qs(text).items()])
