"""A Dask cluster as an executor: `distributed` places the work, moves it when a worker dies.

Whoever reaches a scheduler can run code on its workers: keep the cluster in a network of your own
(or give it TLS in distributed's own configuration).
"""

import tempfile
from pathlib import Path

from distributed import Client
from distributed.cfexecutor import ClientExecutor

from helpers.core.errors import SuiteError

SECONDS_TO_ANSWER = 10


class Cluster(ClientExecutor):
    """The `concurrent.futures` interface of one scheduler's client, which it closes at the end."""

    def __init__(self, client: Client):
        # Not pure: the same call twice is two calls.
        super().__init__(client, pure=False)

    @property
    def workers(self) -> int:
        """Threads of all workers: how many things the cluster does at once now."""
        return max(1, sum(self._client.nthreads().values()))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster: after the work under way, or at once with `wait=False`."""
        super().shutdown(wait=wait and not cancel_futures)
        self._client.close()


def connect(address: str, shared: Path | None = None) -> Cluster:
    """The cluster whose scheduler is at `dask://host:port`.

    Raises SuiteError when nothing answers there, no worker has joined, a worker lacks the suite or
    does not see the folder `shared` as this process does.
    """
    place = address.removeprefix("dask://").rstrip("/")
    try:
        client = Client(f"tcp://{place}", timeout=SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise SuiteError(
            f"No Dask scheduler answers at {address}: start one with `dask scheduler`, and workers "
            f"with `dask worker tcp://{place} --nthreads 1`."
        ) from error
    try:
        _require_workers(client, place)
        if shared:
            _require_folder(client, place, shared)
    except BaseException:
        client.close()
        raise
    return Cluster(client)


def _require_workers(client: Client, place: str) -> None:
    try:
        client.wait_for_workers(1, timeout=SECONDS_TO_ANSWER)
    except TimeoutError as error:
        raise SuiteError(
            f"The Dask scheduler at {place} has no worker: start some with "
            f"`dask worker tcp://{place} --nthreads 1`."
        ) from error
    try:
        client.run(there, __file__)
    except Exception as error:  # what a worker cannot load comes back as a bare Exception
        raise SuiteError(
            f"The workers of {place} do not have the suite ({error}): start them with its own "
            "Python, in a checkout of the same version."
        ) from error


def _require_folder(client: Client, place: str, folder: Path) -> None:
    """A fresh file is the proof: a folder of the same name may be another one."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".seen-") as proof:
        seen = client.run(there, str(Path(proof.name).absolute()))
    if not all(seen.values()):
        raise SuiteError(
            f"{list(seen.values()).count(False)} of {len(seen)} workers of {place} do not "
            f"see {folder}: put it where all of them mount it under the same path."
        )


def there(path: str) -> bool:
    """On a worker: whether it sees that file."""
    return Path(path).exists()
