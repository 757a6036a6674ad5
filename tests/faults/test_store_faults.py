"""Stores that break, lie or are full: one sentence, nothing lost, nothing written elsewhere."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import boto3
import cv2
import numpy as np
import pytest
from moto.server import ThreadedMotoServer

from helpers.core.errors import SuiteError
from helpers.data import local_s3, storage
from helpers.data.ingest import IngestSummary, fetch_films
from helpers.data.storage import StoredObject

BUCKET = "films-test"
FILM = cv2.imencode(".png", np.arange(1024, dtype=np.uint8).reshape(32, 32))[1].tobytes()


@pytest.fixture
def collection(outputs: Path) -> Path:
    """A folder of 300 films in the bucket of the embedded store."""
    storage.ensure_bucket(BUCKET)
    folder = outputs / ".store" / BUCKET / "set"
    folder.mkdir()
    for number in range(300):
        # What follows a PNG's end is ignored, so each film has its own content.
        (folder / f"{number:03}.png").write_bytes(FILM + str(number).encode())
    return folder


@pytest.fixture
def use_endpoint(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(endpoint: str, access_key: str = "key", secret_key: str = "secret") -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)

    return use


@pytest.fixture
def moto(use_endpoint: Callable[..., None]) -> Iterator[str]:
    """A second kind of store, one that takes any key and any secret."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    use_endpoint(f"http://{host}:{port}")
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def breaking_store(use_endpoint: Callable[..., None]) -> Iterator[list[int]]:
    """A store that breaks off the body of as many answers as the list's first number says."""
    broken = [0]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(FILM)))
            self.end_headers()
            self.wfile.write(FILM[:50] if broken[0] > 0 else FILM)
            broken[0] -= 1

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    use_endpoint(f"http://127.0.0.1:{server.server_port}")
    yield broken
    server.shutdown()
    server.server_close()


def test_keys_that_look_like_paths_are_never_written_there(moto: str, tmp_path: Path) -> None:
    boto3.client("s3").create_bucket(Bucket="keys-test")
    keys = ["set/../../../x.png", "set//etc/x.png", "set/C:\\x.png"]
    for key in keys:
        storage.put("keys-test", key, FILM)
    # No store at hand takes this one, so it is added to the listing.
    listed = [*storage.list_objects("keys-test"), StoredObject("../../x.png", len(FILM), "e")]
    rows = list(fetch_films(listed, "keys-test"))
    assert sorted(row.key for row in rows) == sorted([*keys, "../../x.png"])
    assert [row.status for row in rows] == ["used", "used", "used", "unreadable"]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    films = [path for path in files if not path.name.startswith("index.sqlite")]
    assert [path.name for path in films] == [rows[0].sha256]
    assert {path.relative_to(tmp_path).parts[:2] for path in files} == {("outputs", ".films")}


def test_another_kind_of_store_is_listed_page_by_page(
    moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    boto3.client("s3").create_bucket(Bucket="pages-test")
    for number in range(25):
        storage.put("pages-test", f"set/{number:04}", b"")
    assert len(list(storage.list_objects("pages-test", "set"))) == 25


@pytest.mark.parametrize("broken", [1, storage.FETCH_ATTEMPTS - 1])
def test_a_body_that_breaks_off_is_fetched_again(breaking_store: list[int], broken: int) -> None:
    breaking_store[0] = broken
    assert storage.fetch(BUCKET, "x.png") == FILM


def test_a_body_that_always_breaks_off_is_one_sentence(breaking_store: list[int]) -> None:
    breaking_store[0] = 1000
    with pytest.raises(SuiteError, match=r"127\.0\.0\.1") as caught:
        storage.fetch(BUCKET, "x.png")
    assert "\n" not in str(caught.value)


def test_a_store_that_sends_another_size_gives_a_row(breaking_store: list[int]) -> None:
    rows = list(fetch_films([StoredObject("x.png", len(FILM) + 1, "e")], BUCKET))
    assert rows[0].status == "unreadable" and f"sent {len(FILM)}" in (rows[0].reason or "")


def test_a_store_that_dies_during_ingest_is_one_sentence_and_nothing_is_lost(
    collection: Path,
) -> None:
    server = local_s3.start()
    summary = IngestSummary()

    def kill(so_far: IngestSummary) -> None:
        if so_far.listed == 20:
            os.kill(server.pid, signal.SIGKILL)

    listed = list(storage.list_objects(BUCKET, "set"))
    with pytest.raises(SuiteError, match="does not answer"):
        list(fetch_films(listed, BUCKET, summary=summary, progress=kill))
    again = IngestSummary()
    list(fetch_films(storage.list_objects(BUCKET, "set"), BUCKET, summary=again))
    assert again.listed == 300
    assert summary.listed <= again.reused < 300


def test_a_full_disk_under_the_embedded_store_is_one_sentence(outputs: Path) -> None:
    """A limit on file sizes, which the server inherits, stands for the full disk."""
    code = f"""
import resource
from helpers.core.errors import SuiteError
from helpers.data import storage
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
storage.ensure_bucket("{BUCKET}")
storage.put("{BUCKET}", "small", b"x" * 50_000)
try:
    storage.put("{BUCKET}", "large", b"x" * 200_000)
except SuiteError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("No space is left for the embedded store")
    assert [item.key for item in storage.list_objects(BUCKET)] == ["small"]


def test_a_full_disk_during_ingest_is_one_sentence_and_it_goes_on_later(
    collection: Path, outputs: Path
) -> None:
    (collection / "500.png").write_bytes(FILM + b"x" * 9_000_000)
    code = f"""
import resource
from helpers.core.errors import SuiteError
from helpers.data import storage
from helpers.data.ingest import fetch_films
resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, 8_000_000))
try:
    list(fetch_films(storage.list_objects("{BUCKET}", "set"), "{BUCKET}"))
except SuiteError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("No space is left for the film library")
    summary = IngestSummary()
    list(fetch_films(storage.list_objects(BUCKET, "set"), BUCKET, summary=summary))
    assert (summary.listed, summary.fetched, summary.unreadable) == (301, 1, 0)


def test_a_wrong_secret_at_the_command_line(
    collection: Path, cxr: Callable, tmp_path: Path, use_endpoint: Callable[..., None]
) -> None:
    store = local_s3.start()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.png").write_bytes(FILM)
    use_endpoint(store.endpoint, store.access_key, "mistyped-secret")
    said = cxr("stage", str(tmp_path / "more"), "--bucket", BUCKET)
    assert said.returncode == 1
    assert "refused these credentials" in said.stderr and "Traceback" not in said.stderr
    assert "mistyped-secret" not in said.stderr + said.stdout


def test_the_store_commands(outputs: Path, cxr: Callable) -> None:
    assert "Not running" in cxr("store", "status").stdout
    lines = cxr("store", "env").stdout.splitlines()
    store = local_s3.find()
    assert store
    assert lines == [f"export {name}={value}" for name, value in store.environment().items()]
    assert store.endpoint in cxr("store", "status", "--json").stdout
    assert store.secret_key not in cxr("store", "status").stdout + cxr("store", "start").stdout
    assert "has stopped" in cxr("store", "stop").stdout
    assert local_s3.find() is None
    assert "did not run" in cxr("store", "stop").stdout
