"""What the server counts, in Prometheus' text form; no count names a film, a file or a person."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
TEXT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        where = {"registry": self._registry}
        self._requests = Counter(
            "cxr_requests", "Requests answered", ["method", "route", "status"], **where
        )
        self._seconds = Histogram(
            "cxr_request_seconds", "Seconds to answer", ["route"], buckets=SECONDS, **where
        )
        self._films = Counter("cxr_films", "Films by what became of them", ["outcome"], **where)
        self.feedback = Counter("cxr_feedback", "Feedback records kept", **where)
        self.held_bytes = Gauge("cxr_upload_bytes", "Bytes of uploads in memory", **where)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def film(self, outcome: str) -> None:
        """Count one film: accepted, turned away, or unreadable."""
        self._films.labels(outcome).inc()

    def text(self) -> bytes:
        """Everything for a scraper."""
        return generate_latest(self._registry)
