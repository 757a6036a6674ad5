"""A request that is turned down: the status and one sentence that says why and what to do."""


class RefusalError(Exception):
    """Raised anywhere while a request is answered; the guard makes a page or JSON of it."""

    def __init__(self, status: int, sentence: str, retry_after: int | None = None):
        super().__init__(sentence)
        self.status, self.sentence, self.retry_after = status, sentence, retry_after
