"""The real server process under hostile names, bodies and clients, and killed under load."""

import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from helpers.app.server.feedback import FeedbackBook
from tests.serving import Server, film_file, make_run, running

MEGABYTE = 2**20
HOSTILE_NAMES = [
    *("../../x.png", "/etc/passwd", "..\\..\\x.png", "a\x00b.png", "x" * 5000, "日本.png"),
    *("<script>.png", 'quo"te.png', "%2e%2e%2fx.png", "CON", "", "a\r\nSet-Cookie: x=1"),
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def server(outputs: Path):
    with running(outputs, "--rate", "100000") as server:
        yield server


def files_below(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


def test_hostile_file_names_are_only_words(server: Server, outputs: Path) -> None:
    before = files_below(outputs)
    for name in HOSTILE_NAMES:
        answer = httpx.post(f"{server.url}/predict", files={"films": (name, film_file())})
        assert answer.status_code in (200, 422), (name, answer.text)
        assert "set-cookie" not in answer.headers
        if answer.status_code == 200:
            shown = answer.json()["predictions"][0]["file"]
            assert not re.search(r"[/\\\x00-\x1f]", shown)
            assert len(shown) <= 200
    assert files_below(outputs) == before
    assert not any("passwd" in line or "日本" in line for line in server.log)


def test_a_body_of_200_mb_is_refused_with_a_sentence_and_little_memory(server: Server) -> None:
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss

    def pieces():
        for _ in range(200):
            yield b"x" * MEGABYTE

    for headers in ({}, {"Content-Length": str(200 * MEGABYTE)}):
        answer = httpx.post(
            f"{server.url}/invocations", content=pieces(), headers=headers, timeout=60
        )
        assert answer.status_code == 413
        assert "64 MB" in answer.json()["detail"]
    assert process.memory_info().rss - before < 200 * MEGABYTE


@pytest.mark.timeout(120)
def test_a_body_that_comes_too_slowly_is_given_up(server: Server) -> None:
    host, port = re.search(r"//(.+):(\d+)", server.url).groups()
    with socket.create_connection((host, int(port)), timeout=60) as line:
        head = f"POST /invocations HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000\r\n\r\n"
        line.sendall(head.encode() + b"x" * 100)
        begun = time.monotonic()
        assert b" 408 " in line.recv(4096)
        assert 5 < time.monotonic() - begun < 40
    assert httpx.get(f"{server.url}/healthz").status_code == 200


@pytest.mark.timeout(120)
def test_a_client_that_never_says_what_it_wants_is_cut_off(server: Server) -> None:
    host, port = re.search(r"//(.+):(\d+)", server.url).groups()
    place = (host, int(port))
    with (
        socket.create_connection(place, timeout=60) as first,
        socket.create_connection(place, timeout=60) as again,
    ):
        first.sendall(b"GET / HTTP/1.1\r\nHost: ")
        again.sendall(b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in again.recv(4096)
        again.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert first.recv(4096) == b""
        assert again.recv(4096) == b""


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"\x00\xff\xfe nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /%ff%00..%2f..%2fetc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ],
)
def test_bytes_that_are_no_request_get_a_client_error(server: Server, bytes_sent: bytes) -> None:
    host, port = re.search(r"//(.+):(\d+)", server.url).groups()
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(bytes_sent)
        assert re.match(rb"HTTP/1.1 4\d\d ", line.recv(4096))


def test_a_disconnect_in_the_middle_leaves_the_server_well(server: Server) -> None:
    host, port = re.search(r"//(.+):(\d+)", server.url).groups()
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"
    for _ in range(20):
        with socket.create_connection((host, int(port))) as line:
            line.sendall(head + b"x" * 1000)
    assert httpx.get(f"{server.url}/healthz", timeout=20).status_code == 200
    assert not any("Traceback" in line for line in server.log)


def test_on_every_other_address_a_stranger_gets_nothing(outputs: Path) -> None:
    with running(outputs, "--host", "0.0.0.0") as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.post(f"{url}/predict", files={"films": film_file()}).status_code == 401
        assert httpx.get(f"{url}/metrics").status_code == 401


def leave_feedback(url: str, note: str) -> str | None:
    """Go the whole way of an analyst; the id that the server acknowledged, or None."""
    try:
        with httpx.Client(base_url=url, timeout=20) as browser:
            mark = re.search(r'name="mark" value="([^"]+)"', browser.get("/upload").text)[1]
            page = browser.post("/result", data={"mark": mark}, files={"films": film_file()}).text
            result = re.search(r'name="result" value="([^"]+)"', page)[1]
            form = {"mark": mark, "result": result, "seen": "Pneumonia", "keep": "yes"}
            told = browser.post("/feedback", data=form | {"note": note})
            found = re.search(r"Kept as record (\w+)", told.text)
            return found and found[1]
    except (httpx.HTTPError, TypeError):  # the server is gone, or was while it answered
        return None


@pytest.mark.timeout(240)
def test_killed_under_load_no_acknowledged_feedback_is_lost(outputs: Path, monkeypatch) -> None:
    monkeypatch.setenv("CXR_OUTPUTS", str(outputs))
    acknowledged: list[str] = []
    for round_ in range(2):
        stop = threading.Event()
        with running(outputs, "--rate", "100000") as server:

            def analyst(number: int, url: str = server.url, stop: threading.Event = stop) -> None:
                while not stop.is_set():
                    if (record := leave_feedback(url, f"{number}")) is not None:
                        acknowledged.append(record)

            with ThreadPoolExecutor(6) as pool:
                work = [pool.submit(analyst, number) for number in range(6)]
                enough = len(acknowledged) + 20
                while len(acknowledged) < enough:
                    time.sleep(0.05)
                server.kill()
                stop.set()
                for one in work:
                    one.result()
        kept = {one.id for one in FeedbackBook().records()}
        assert len(acknowledged) >= 20 * (round_ + 1)
        assert set(acknowledged) <= kept
    with running(outputs) as server:
        begun = time.monotonic()
        assert httpx.get(f"{server.url}/feedback").text.count("<tr>") > 40
        assert time.monotonic() - begun < 5
