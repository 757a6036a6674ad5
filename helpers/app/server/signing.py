"""What the server signs: session cookies, the mark of its own forms, and results that go out."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from helpers.app.server.database import server_file
from helpers.app.server.tokens import TokenBook, Visitor

SESSION_SECONDS = 12 * 3600


class Signer:
    """Signs with a key that outlives the process, so a restart signs nobody out."""

    def __init__(self, key: bytes | None = None):
        self._key = key or _kept_key(server_file("signing.key"))

    def sign(self, purpose: str, text: str) -> str:
        """A mark that only this server can make, for one purpose."""
        mark = hmac.digest(self._key, f"{purpose}\n{text}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(mark).decode().rstrip("=")

    def proves(self, purpose: str, text: str, mark: str) -> bool:
        """Whether `mark` is ours for that text and purpose."""
        return hmac.compare_digest(self.sign(purpose, text).encode(), mark.encode())

    def session(self, visitor: Visitor) -> str:
        """A cookie value for a visitor; it dies with the token, and after SESSION_SECONDS."""
        words = f"{visitor.name}.{int(time.time()) + SESSION_SECONDS}.{secrets.token_hex(8)}"
        return f"{words}.{self.sign('session', words + visitor.hash)}"

    def visitor(self, cookie: str, book: TokenBook) -> Visitor | None:
        """Whose session the cookie is, or None if it is forged, too old, or revoked."""
        words, _, mark = cookie.rpartition(".")
        name, _, rest = words.partition(".")
        expires = rest.partition(".")[0]
        visitor = book.visitor_named(name) if name else None
        if visitor is None or not self.proves("session", words + visitor.hash, mark):
            return None
        return visitor if time.time() < int(expires) else None

    def seal(self, value: dict[str, Any]) -> str:
        """Plain values as text that comes back through a form and cannot be changed there."""
        text = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
        return f"{text}.{self.sign('sealed', text)}"

    def unseal(self, sealed: str) -> dict[str, Any] | None:
        """The values of `seal`, or None if anything was changed."""
        text, _, mark = sealed.rpartition(".")
        return (
            json.loads(base64.urlsafe_b64decode(text))
            if self.proves("sealed", text, mark)
            else None
        )


def _kept_key(path: Path) -> bytes:
    """The key in `path`, made when it is first needed, for the owner alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(32))
    return path.read_bytes()
