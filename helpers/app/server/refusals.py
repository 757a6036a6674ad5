"""How a refusal looks: one JSON sentence for programs, a page for people."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from helpers.app.server.refusal import RefusalError

# Addresses that people open in a browser; what fails there is shown as a page.
PAGES = ("/", "/about", "/upload", "/result", "/signin", "/signout", "/feedback", "/api")


def route_path(scope: Scope) -> str:
    """The path below the root path, which some proxies cut off and others leave."""
    root, path = scope.get("root_path", ""), scope["path"]
    return path[len(root) :] if path.startswith(f"{root}/") else path


def wants_page(scope: Scope) -> bool:
    """Whether the request is for one of our pages."""
    return route_path(scope) in PAGES


async def answer_refusal(refusal: RefusalError, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the answer for a refused request."""
    await refusal_response(Request(scope, receive), refusal)(scope, receive, send)


def refusal_response(request: Request, refusal: RefusalError) -> Response:
    """The answer for a refused request."""
    headers = {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if not wants_page(request.scope):
        return JSONResponse({"detail": refusal.sentence}, refusal.status, headers)
    if refusal.status == 401 and request.method == "GET":
        return RedirectResponse("signin", 303)
    from helpers.app.server.rendering import problem_page

    page = problem_page(request, refusal.status, refusal.sentence)
    page.headers.update(headers)
    return page
