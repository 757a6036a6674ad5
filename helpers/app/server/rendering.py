"""Pages from templates: every value escaped, every sentence from the message table."""

import hmac
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse

from helpers.app.messages import Messages, languages
from helpers.app.server.refusal import RefusalError
from helpers.app.server.state import may, state_of, visitor_of
from helpers.app.widgets.cards import percent, stamp_class
from helpers.core.templates import template_environment

TEMPLATES = Path(__file__).with_name("templates")
LANGUAGE_COOKIE = "cxr_language"
VISIT_COOKIE = "cxr_visit"


def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """One page in the visitor's language, its forms marked as ours."""
    state = state_of(request)
    messages = messages_of(request)
    visit = request.cookies.get(VISIT_COOKIE) or secrets.token_urlsafe(16)
    content = (
        template_environment(TEMPLATES, percent=percent, stamp_class=stamp_class)
        .get_template(f"{name}.html.j2")
        .render(
            say=messages.say,
            messages=messages,
            languages=languages(),
            page=name,
            visitor=visitor_of(request) if "visitor" in request.scope.get("state", {}) else None,
            may={right: _may(request, right) for right in ("predict", "feedback", "review")},
            mark=state.signer.sign("form", visit),
            run=state.settings.run,
            stamp=state.reader.predictor.stamp,
            **values,
        )
    )
    response = HTMLResponse(content, status)
    set_cookie(request, response, VISIT_COOKIE, visit)
    if request.query_params.get("language") == messages.language:
        set_cookie(request, response, LANGUAGE_COOKIE, messages.language)
    return response


def _may(request: Request, right: str) -> bool:
    return "visitor" in request.scope.get("state", {}) and may(request, right)


def problem_page(request: Request, status: int, sentence: str) -> HTMLResponse:
    """A refusal as a page."""
    return page(request, "problem", status, sentence=sentence, title=HTTPStatus(status).phrase)


def messages_of(request: Request) -> Messages:
    """The language asked for in the address, remembered from before, or English."""
    return Messages(
        request.query_params.get("language") or request.cookies.get(LANGUAGE_COOKIE, "")
    )


def set_cookie(request: Request, response: HTMLResponse, name: str, value: str) -> None:
    """A cookie that no script reads and no other site sends."""
    response.set_cookie(
        name,
        value,
        path=state_of(request).settings.root_path or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def check_mark(request: Request, form: FormData) -> None:
    """RefusalError 403 unless the form came from one of our own pages in this very browser."""
    mark, visit = form.get("mark"), request.cookies.get(VISIT_COOKIE, "")
    expected = state_of(request).signer.sign("form", visit)
    if (
        not visit
        or not isinstance(mark, str)
        or not hmac.compare_digest(mark.encode(), expected.encode())
    ):
        raise RefusalError(403, "This form is too old or not from here: open the page again.")
