"""The parts of a server put together, and the process that serves them."""

import asyncio
import logging
import secrets
import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from helpers.app.server import api, pages
from helpers.app.server.feedback import FeedbackBook
from helpers.app.server.films import Reader
from helpers.app.server.guard import Guard
from helpers.app.server.metrics import Metrics
from helpers.app.server.refusal import RefusalError
from helpers.app.server.refusals import refusal_response
from helpers.app.server.settings import ServerSettings, is_loopback
from helpers.app.server.signing import Signer
from helpers.app.server.state import ServerState
from helpers.app.server.tokens import TokenBook
from helpers.core.errors import SuiteError
from helpers.core.lesson import NOTICE
from helpers.core.machine import cores
from helpers.core.runs import Run
from helpers.model.predictor import Predictor

log = logging.getLogger("cxr.server")

HEAD_SECONDS = 10.0  # for the first line and the headers of a request
CONNECTIONS = 512


def make_application(settings: ServerSettings) -> ASGIApp:
    """The whole service of a run as an ASGI application.

    Raises MissingInputError for a run without light model, SuiteError for a damaged one.
    """
    run = Run(settings.run)
    run.require("model/model.tflite")  # the Keras model alone would bring in TensorFlow
    metrics = Metrics()
    # A container writes nothing: its gateway knows no sessions, and nobody leaves feedback there.
    signer = Signer(secrets.token_bytes(32) if settings.container else None)
    feedback = None if settings.container else FeedbackBook()
    book = None if settings.open else TokenBook()
    reader = Reader(Predictor.load(run.folder, interpreters=cores()), metrics)
    application = FastAPI(
        title="Chest films",
        description=NOTICE,
        docs_url=None,  # FastAPI's page loads scripts from elsewhere; /api is ours
        redoc_url=None,
    )
    application.state.server = ServerState(settings, run, reader, feedback, signer, metrics, book)
    application.include_router(api.router)
    application.include_router(pages.router)
    for kind, handler in HANDLERS.items():
        application.add_exception_handler(kind, handler)
    return Guard(application, settings, book, signer, metrics)


async def _refused(request: Request, error: RefusalError) -> Response:
    return refusal_response(request, error)


async def _http(request: Request, error: HTTPException) -> Response:
    sentences = {
        404: "There is no such page here.",
        405: "This address is asked in another way: see the page 'api'.",
    }
    sentence = sentences.get(error.status_code, str(error.detail))
    response = refusal_response(request, RefusalError(error.status_code, sentence))
    response.headers.update(error.headers or {})
    return response


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    sentence = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}."
    return refusal_response(request, RefusalError(422, sentence))


async def _failed(request: Request, error: Exception) -> Response:
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return refusal_response(
        request, RefusalError(500, "Something failed in the server; its log says what.")
    )


HANDLERS = {
    RefusalError: _refused,
    HTTPException: _http,
    RequestValidationError: _invalid,
    Exception: _failed,
}


class ImpatientProtocol(H11Protocol):
    """uvicorn's HTTP, which by itself waits for ever for the rest of a request's head."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Give a new connection a little time to say what it wants."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Give a head that has begun a little time to end."""
        super().data_received(data)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._stop_waiting()

    @property
    def _asked(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_head(self) -> None:
        if self._asked:
            self._stop_waiting()
        elif self._patience is None:
            self._patience = self.loop.call_later(HEAD_SECONDS, self._hang_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None

    def _hang_up(self) -> None:
        self._patience = None
        if not self._asked:
            self.transport.close()


def serve(
    settings: ServerSettings,
    on_ready: Callable[[str], None],
    certificate: str | None = None,
    key: str | None = None,
) -> None:
    """Serve until interrupted; `on_ready` is told the address once connections are taken.

    Raises SuiteError when the address cannot be had, or the run has no model.
    """
    server = _server(settings, certificate, key)
    listener = _listen(settings)
    on_ready(_address(settings, listener, "https" if certificate else "http"))
    server.run(sockets=[listener])


class BackgroundServer:
    """The same server in a thread of this process, as a notebook wants it."""

    def __init__(self, settings: ServerSettings):
        """Begin to serve at `address`; raises as `serve` does."""
        self._server, listener = _server(settings), _listen(settings)
        self.address = _address(settings, listener, "http")
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer what was asked, and end."""
        self._server.should_exit = True
        self._thread.join()


def _server(
    settings: ServerSettings, certificate: str | None = None, key: str | None = None
) -> uvicorn.Server:
    config = uvicorn.Config(
        make_application(settings),
        http=ImpatientProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=20,
        # A proxy's word on who asks is believed from this very machine only.
        forwarded_allow_ips="127.0.0.1",
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    return uvicorn.Server(config)


def _listen(settings: ServerSettings) -> socket.socket:
    """Take the port now, so that whoever asks from here on waits instead of being turned down."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise SuiteError(
            f"Nothing can be served at {settings.host} port {settings.port} ({error.strerror}): "
            "choose another with --host and --port."
        ) from error


def _address(settings: ServerSettings, listener: socket.socket, scheme: str) -> str:
    port = listener.getsockname()[1]
    name = "localhost" if is_loopback(settings.host) else settings.host
    name = f"[{name}]" if ":" in name else name
    return f"{scheme}://{name}:{port}{settings.root_path}/"
