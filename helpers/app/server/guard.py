"""Stands before every request: who asks, how often, how much; and what every answer carries."""

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helpers.app.server.bodies import BodyLimits, LimitedBody
from helpers.app.server.metrics import Metrics
from helpers.app.server.rate import RateLimit
from helpers.app.server.refusal import RefusalError
from helpers.app.server.refusals import answer_refusal, route_path, wants_page
from helpers.app.server.settings import ServerSettings, is_loopback
from helpers.app.server.signing import Signer
from helpers.app.server.tokens import ANYBODY, TokenBook, Visitor

log = logging.getLogger("cxr.access")

SESSION_COOKIE = "cxr_session"
PUBLIC = ("/signin", "/style.css", "/page.js")  # what somebody without a token may see
CONTAINER_PATHS = ("/ping", "/invocations")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer", which would also hide the Origin of our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware around the whole application; puts `visitor` into the request's state."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ServerSettings,
        book: TokenBook | None,
        signer: Signer,
        metrics: Metrics,
    ):
        self._app, self._settings, self._book, self._signer = app, settings, book, signer
        self._metrics = metrics
        self._rate = RateLimit(settings.requests_a_minute)
        self._limits = BodyLimits(settings.upload_bytes, settings.body_seconds, metrics.held_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or turn it down; log and count it either way."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        begun, status = time.perf_counter(), 500
        headers = Headers(scope=scope)
        body = LimitedBody(receive, headers, self._limits)

        async def finish(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                await body.drain()
                status = message["status"]
                _add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        scope["root_path"] = self._settings.root_path  # whether or not a proxy cuts it off
        scope["app"] = self._app  # for pages that say why the application was not asked
        try:
            self._admit(scope, headers)
            body.check_declared()
            await self._app(scope, body.receive, finish)
        except RefusalError as refusal:
            await answer_refusal(refusal, scope, receive, finish)
        finally:
            body.release()
            self._note(scope, status, time.perf_counter() - begun)

    def _admit(self, scope: Scope, headers: Headers) -> None:
        """Decide by the head of a request alone; RefusalError with the right status if not."""
        path = route_path(scope)
        if self._settings.container and path not in CONTAINER_PATHS:
            raise RefusalError(404, "This container answers /ping and /invocations only.")
        visitor = self._visitor(scope, headers, path)
        scope.setdefault("state", {})["visitor"] = visitor
        if scope["method"] not in SAFE_METHODS or visitor is None:
            client = (visitor and visitor.name) or (scope.get("client") or ("unknown",))[0]
            wait = self._rate.wait(client)
            if wait and not self._settings.container:
                raise RefusalError(429, f"Too many requests: wait {wait} s and go on.", wait)
        if visitor is None and path not in PUBLIC:
            raise RefusalError(401, _missing_token(scope, headers))
        if scope["method"] not in SAFE_METHODS:
            _refuse_other_sites(headers)

    def _visitor(self, scope: Scope, headers: Headers, path: str) -> Visitor | None:
        if self._settings.open:
            self._refuse_strange_host(headers)
            return ANYBODY
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and (visitor := self._book.visitor_of(token.strip())):
            return visitor
        # Programs send their token; a cookie moves nothing but our own forms, which are marked.
        if token or not (scope["method"] in SAFE_METHODS or wants_page(scope)):
            return None
        cookie = cookie_parser(headers.get("cookie", "")).get(SESSION_COOKIE, "")
        return self._signer.visitor(cookie, self._book)

    def _refuse_strange_host(self, headers: Headers) -> None:
        """Open to this machine only: refuse what a page elsewhere or a proxy sends our way."""
        if self._settings.container or self._settings.root_path:
            return  # the gateway, or Jupyter's proxy, has asked who it is
        name = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
        if not is_loopback(name) or "x-forwarded-for" in headers:
            raise RefusalError(
                403,
                "This server is open to its own machine only: start it with --require-token to "
                "reach it by another name or through a proxy.",
            )

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Log and count the route's pattern; the path as sent could name a patient."""
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in (*SAFE_METHODS, "POST") else "other"
        self._metrics.request(method, route, status, seconds)
        visitor = scope.get("state", {}).get("visitor")
        who = visitor.name or visitor.role if visitor else "nobody"
        log.info("%s %s %d %.1f ms %s", method, route, status, seconds * 1000, who)


def _missing_token(scope: Scope, headers: Headers) -> str:
    if headers.get("authorization"):
        return "This token is not known or was revoked: ask the server's keeper for a new one."
    if wants_page(scope):
        return "Sign in first: the session is over, or never began."
    return "Send a token as 'Authorization: Bearer TOKEN'; the server's keeper makes one."


def _refuse_other_sites(headers: Headers) -> None:
    """Browsers say where a request comes from; what another site sends in a user's name stops."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    if site is None and origin is not None:
        site = "same-origin" if origin.partition("://")[2] == headers.get("host") else "cross-site"
    if site not in (None, "same-origin", "none"):
        raise RefusalError(403, "Another web site sent this request, so it was not carried out.")


def _add_headers(headers: MutableHeaders, scope: Scope) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scope["scheme"] == "https":
        headers["Strict-Transport-Security"] = "max-age=31536000"
