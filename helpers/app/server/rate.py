"""How often one client may ask: a bucket for each that fills at a steady rate."""

import math
import time
from collections import OrderedDict

CLIENTS = 10_000  # remembered at most; the longest silent one is forgotten first


class RateLimit:
    """`a_minute` requests a minute for each client, as many of them at once."""

    def __init__(self, a_minute: int):
        self._most, self._rate = a_minute, a_minute / 60
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str) -> int:
        """Count one request; 0 if it may go on, else the seconds until the next one may."""
        now = time.monotonic()
        left, then = self._buckets.pop(client, (float(self._most), now))
        left = min(self._most, left + (now - then) * self._rate)
        allowed = left >= 1
        self._buckets[client] = (left - allowed, now)
        if len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((1 - left) / self._rate)
