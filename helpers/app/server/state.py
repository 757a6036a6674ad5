"""What the routes share: the parts of one server, and what a visitor may do."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from helpers.app.server.feedback import FeedbackBook
from helpers.app.server.films import Reader
from helpers.app.server.metrics import Metrics
from helpers.app.server.refusal import RefusalError
from helpers.app.server.settings import ServerSettings
from helpers.app.server.signing import Signer
from helpers.app.server.tokens import TokenBook, Visitor

if TYPE_CHECKING:
    from helpers.core.runs import Run

ROLE_OF_RIGHT = {"predict": "an analyst", "feedback": "an analyst", "review": "a reviewer"}


@dataclass(frozen=True)
class ServerState:
    """One server's parts; `book` is None where no token is asked for, `feedback` in a container."""

    settings: ServerSettings
    run: "Run"
    reader: Reader
    feedback: FeedbackBook | None
    signer: Signer
    metrics: Metrics
    book: TokenBook | None


def state_of(request: Request) -> ServerState:
    """The parts of the server that answers this request."""
    return request.app.state.server


def visitor_of(request: Request) -> Visitor | None:
    """Who asks; None on the pages that are for everybody."""
    return request.scope["state"]["visitor"]


def may(request: Request, right: str) -> bool:
    """Whether the visitor has this right."""
    visitor = visitor_of(request)
    return visitor is not None and right in visitor.rights


def allow(request: Request, right: str) -> None:
    """RefusalError 403 unless the visitor has this right."""
    if not may(request, right):
        raise RefusalError(403, f"This needs the token of {ROLE_OF_RIGHT[right]}.")
