"""What a server is told when it starts: where it listens, who may come in, and the limits."""

import ipaddress
from dataclasses import dataclass

MEGABYTE = 2**20


@dataclass(frozen=True)
class ServerSettings:
    """The settings of one server.

    require_token: ask for tokens on loopback too, as behind a reverse proxy.
    container: answer SageMaker's two addresses and nothing else; its gateway asks who calls.
    upload_bytes: of one request, all films together.
    body_seconds: grace for a body; past it, it must come at SLOWEST bytes a second or faster.
    """

    run: str
    host: str = "127.0.0.1"
    port: int = 8000
    root_path: str = ""
    require_token: bool = False
    container: bool = False
    upload_bytes: int = 64 * MEGABYTE
    films_at_once: int = 32
    requests_a_minute: int = 600
    body_seconds: float = 20.0
    uncertain_below: float = 0.7

    @property
    def open(self) -> bool:
        """Whether requests need no token."""
        return self.container or (is_loopback(self.host) and not self.require_token)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
