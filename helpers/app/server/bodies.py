"""Bodies of requests: counted as they come, refused when too large or too slow, never on disk."""

import asyncio
import time
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from helpers.app.server.refusal import RefusalError
from helpers.app.server.settings import MEGABYTE

SLOWEST = 64 * 1024  # bytes a second that an upload must reach after its grace
REQUESTS_HELD = 8  # full uploads held in memory at once by all clients together
DRAINED = 256 * MEGABYTE  # of a refused body that is read on, so that its sender hears why
DRAIN_SECONDS = 20.0


class Level(Protocol):
    """A gauge of the metrics."""

    def set(self, value: float) -> None:
        """Show this value."""


class BodyLimits:
    """What one server allows, and how many bytes it holds at the moment."""

    def __init__(self, most: int, seconds: float, shown: Level):
        self.most, self.seconds, self._shown = most, seconds, shown
        self._held = 0

    def take(self, count: int) -> None:
        """Count bytes that came in; RefusalError when all uploads together are too much."""
        self._held += count
        self._shown.set(self._held)
        if self._held > REQUESTS_HELD * self.most:
            raise RefusalError(429, "The server is busy with other uploads: try again soon.", 10)

    def give_back(self, count: int) -> None:
        """Count bytes that are let go."""
        self._held -= count
        self._shown.set(self._held)


class LimitedBody:
    """The body of one request, behind the limits."""

    def __init__(self, receive: Receive, headers: Headers, limits: BodyLimits):
        self._receive, self._limits = receive, limits
        self._count, self._begun, self._ended = 0, time.monotonic(), False
        declared = headers.get("content-length", "0")
        waits_for_a_word = "100-continue" in headers.get("expect", "").lower()
        self._sends = (declared != "0" or "transfer-encoding" in headers) and not waits_for_a_word
        self._too_large = declared.isdigit() and int(declared) > limits.most

    def check_declared(self) -> None:
        """RefusalError 413 when the head of the request says already that it is too large."""
        if self._too_large:
            raise RefusalError(413, self._too_large_sentence())

    async def receive(self) -> Message:
        """The next piece; RefusalError 413 or 408."""
        message = await self._in_time()
        if message["type"] == "http.request":
            self._count += len(message.get("body", b""))
            self._limits.take(len(message.get("body", b"")))
            self._ended = not message.get("more_body", False)
            if self._count > self._limits.most:
                raise RefusalError(413, self._too_large_sentence())
        return message

    async def _in_time(self) -> Message:
        if self._ended:  # what comes now is only the client's going away
            return await self._receive()
        until = self._begun + self._limits.seconds + self._count / SLOWEST
        try:
            async with asyncio.timeout(until - time.monotonic()):
                return await self._receive()
        except TimeoutError:
            self._ended = True  # nothing more is expected
            raise RefusalError(
                408, "The upload came too slowly and was given up: send it again."
            ) from None

    async def drain(self) -> None:
        """Read what a client still sends before it is answered, keeping nothing.

        Answered in the middle of its sending, it would see a broken connection and no sentence.
        """
        left = 0 if self._ended or not self._sends else DRAINED
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while left > 0 and not self._ended:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    self._ended = not message.get("more_body", False)
        except TimeoutError:
            pass

    def release(self) -> None:
        """Let go of what was counted."""
        self._limits.give_back(self._count)

    def _too_large_sentence(self) -> str:
        return (
            f"The upload is larger than the {self._limits.most // MEGABYTE} MB that this server "
            "takes at once: send fewer or smaller films."
        )
