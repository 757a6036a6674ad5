"""The server from inside: pages, addresses for programs, access, limits, and what it says."""

import base64
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from helpers.app.server.application import make_application
from helpers.app.server.settings import ServerSettings, is_loopback
from helpers.app.server.tokens import TokenBook
from helpers.core.errors import MissingInputError
from tests.serving import CLASSES, PROJECT, bomb, film_file, make_run

PAGES = ("", "about", "upload", "api", "feedback")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("served"))


@pytest.fixture
def home(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An outputs folder of the test's own around the one model."""
    monkeypatch.setenv("CXR_OUTPUTS", str(tmp_path))
    (tmp_path / "small").symlink_to(served / "small")
    return tmp_path


Visit = Callable[..., TestClient]


@pytest.fixture
def visit(home: Path) -> Visit:
    """`visit(require_token=True)`: a browser at a server with these settings."""

    def make(address: str = "http://localhost", **settings) -> TestClient:
        application = make_application(ServerSettings("small", **settings))
        return TestClient(application, base_url=address, follow_redirects=False)

    return make


def mark(page: str) -> str:
    return re.search(r'name="mark" value="([^"]+)"', page)[1]


def sealed(page: str) -> str:
    return re.search(r'name="result" value="([^"]+)"', page)[1]


def upload(browser: TestClient, *names: str) -> str:
    """The result page for one film under each name."""
    files = [("films", (name, film_file(), "image/png")) for name in names]
    form = {"mark": mark(browser.get("/upload").text)}
    answer = browser.post("/result", data=form, files=files)
    assert answer.status_code == 200, answer.text
    return answer.text


def sign_in(browser: TestClient, role: str, name: str = "ada") -> str:
    token = TokenBook().add(name, role)
    form = {"mark": mark(browser.get("/signin").text), "token": token}
    assert browser.post("/signin", data=form).status_code == 303
    return token


def test_every_page_answers_in_every_language_with_the_notice(visit: Visit) -> None:
    browser = visit()
    for language, words in (
        ("en", "never a diagnosis"),
        ("es", "ni un diagnóstico"),
        ("hi", "निदान"),
    ):
        for page in PAGES:
            answer = browser.get(f"/{page}?language={language}")
            assert answer.status_code == 200
            assert words in answer.text
            assert f'<html lang="{language}">' in answer.text


def test_pages_load_nothing_from_elsewhere_and_hold_no_inline_code(visit: Visit) -> None:
    browser = visit()
    texts = [browser.get(f"/{page}").text for page in PAGES] + [upload(browser, "a.png")]
    texts += [browser.get(name).text for name in ("/style.css", "/page.js")]
    for text in texts:
        assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//|@import|url\(", text)
        assert not re.search(r"<script(?! src=)|\sstyle=|\son\w+=", text)


def test_a_result_shows_classes_saliency_and_names_as_text(visit: Visit) -> None:
    page = upload(visit(), "<b>one.png", "../../two.png")
    assert "&lt;b&gt;one" in page
    assert "<b>" not in page
    assert page.count('<article class="result') == 2
    assert page.count("data:image/jpeg") == 2 * (len(CLASSES) + 1)
    assert "../" not in page
    assert "two.png" in page


def test_predict_answers_one_film_and_many(visit: Visit) -> None:
    browser = visit()
    files = [("films", (f"{n}.png", film_file(n))) for n in range(3)]
    answers = browser.post("/predict?saliency=true", files=files).json()["predictions"]
    assert [one["file"] for one in answers] == ["0.png", "1.png", "2.png"]
    assert all(one["label"] in CLASSES and one["accepted"] for one in answers)
    assert base64.b64decode(answers[0]["saliency"].partition(",")[2]).startswith(b"\x89PNG")


def test_a_film_among_unreadable_files_still_gets_its_answer(visit: Visit) -> None:
    files = [("films", ("a.txt", b"words")), ("films", ("b.png", film_file()))]
    answer = visit().post("/predict", files=files)
    assert answer.status_code == 200
    assert [one["accepted"] for one in answer.json()["predictions"]] == [False, True]


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"%PDF-1.7 letter", 415, "not a picture"),
        (b"", 422, "empty"),
        (film_file()[:300], 422, "breaks off"),
        (bomb(), 413, "pixels"),
    ],
)
def test_files_that_are_no_film_get_the_right_status_and_a_sentence(
    visit: Visit, data: bytes, status: int, words: str
) -> None:
    answer = visit().post("/predict", files={"films": ("x.png", data)})
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    raw = visit().post("/invocations", content=data, headers={"Content-Type": "image/png"})
    assert raw.status_code == status


@pytest.mark.parametrize(
    ("request_parts", "status"),
    [
        ({"content": b"x"}, 415),
        ({"json": {"films": []}}, 415),
        ({"data": {"note": "no film"}, "files": {}}, 415),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 422),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 422),
        ({"files": [("films", (f"{n}", b"x")) for n in range(40)]}, 413),
        ({"content": b"x" * 2_000_000, "headers": {"Content-Type": "multipart/form-data"}}, 413),
    ],
)
def test_bodies_that_are_no_upload_are_refused_with_a_sentence(
    visit: Visit, request_parts: dict, status: int
) -> None:
    answer = visit(upload_bytes=1_000_000).post("/predict", **request_parts)
    assert answer.status_code == status
    assert answer.json()["detail"].endswith((".", "'."))


def test_a_body_of_unknown_length_is_counted_while_it_comes(visit: Visit) -> None:
    pieces = (b"x" * 300_000 for _ in range(10))
    answer = visit(upload_bytes=1_000_000).post("/invocations", content=pieces)
    assert answer.status_code == 413


def test_the_container_contract(visit: Visit) -> None:
    gateway = visit("http://10.0.0.7:8080", container=True)
    assert gateway.get("/ping").status_code == 200
    data = film_file()
    single = gateway.post("/invocations", content=data, headers={"Content-Type": "image/png"})
    batch = {"films": [base64.b64encode(data).decode()] * 2}
    double = gateway.post("/invocations", json=batch)
    labels = [one["label"] for one in double.json()["predictions"]]
    assert labels == [single.json()["predictions"][0]["label"]] * 2
    assert gateway.get("/").status_code == 404
    assert gateway.get("/openapi.json").status_code == 404


@pytest.mark.parametrize("films", ["a", [1], [], ["%%%"], ["AAAA"] * 33])
def test_json_that_is_no_batch_is_refused(visit: Visit, films: object) -> None:
    assert visit().post("/invocations", json={"films": films}).status_code in (413, 422)


def test_loopback_is_what_cannot_be_reached_from_elsewhere() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.4", "example.org", "")))
    assert not ServerSettings("small", host="0.0.0.0").open
    assert not ServerSettings("small", require_token=True).open


def test_an_open_server_refuses_other_names_and_proxies(visit: Visit) -> None:
    """A page elsewhere whose name is made to point here, or a proxy that asks nobody."""
    assert visit("http://evil.example").get("/healthz").status_code == 403
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert visit().get("/healthz", headers=forwarded).status_code == 403
    behind_jupyter = visit("http://notebooks.example", root_path="/proxy/8000")
    assert behind_jupyter.get("/healthz").status_code == 200


def test_without_a_token_only_the_door_is_seen(visit: Visit) -> None:
    stranger = visit(host="0.0.0.0")
    for page in PAGES:
        answer = stranger.get(f"/{page}")
        assert (answer.status_code, answer.headers["location"]) == (303, "signin")
    for path in ("/healthz", "/metrics", "/ping", "/openapi.json", "/nothing", "/feedback.csv"):
        answer = stranger.get(path)
        assert answer.status_code == 401
        assert "Bearer" in answer.headers["www-authenticate"]
    assert stranger.post("/predict", files={"films": film_file()}).status_code == 401
    assert stranger.get("/signin").status_code == 200
    assert stranger.get("/style.css").status_code == 200


def test_roles_open_what_is_theirs(visit: Visit) -> None:
    server = visit(host="0.0.0.0")
    book = TokenBook()
    statuses = {}
    for role in ("analyst", "reviewer"):
        bearer = {"Authorization": f"Bearer {book.add(role, role)}"}
        statuses[role] = [
            server.post("/predict", files={"films": film_file()}, headers=bearer).status_code,
            server.get("/feedback.csv", headers=bearer).status_code,
            server.get("/healthz", headers=bearer).status_code,
        ]
    assert statuses == {"analyst": [200, 403, 200], "reviewer": [403, 200, 200]}


def test_a_revoked_token_and_its_session_end_at_once(visit: Visit) -> None:
    browser = visit(host="0.0.0.0")
    bearer = {"Authorization": f"Bearer {sign_in(browser, 'analyst')}"}
    assert browser.get("/upload").status_code == 200
    TokenBook().revoke("ada")
    assert browser.get("/upload").headers["location"] == "signin"
    refused = browser.get("/healthz", headers=bearer)
    assert refused.status_code == 401
    assert "revoked" in refused.json()["detail"]
    TokenBook().add("ada", "analyst")  # the same name again is another token
    assert browser.get("/upload").status_code == 303


def test_signing_in_and_out(visit: Visit) -> None:
    browser = visit(host="0.0.0.0")
    form = {"mark": mark(browser.get("/signin").text), "token": "cxr_guess"}
    assert browser.post("/signin", data=form).status_code == 401
    sign_in(browser, "analyst")
    page = browser.get("/").text
    assert "ada" in page
    assert browser.post("/signout", data={"mark": mark(page)}).status_code == 303
    assert browser.get("/").status_code == 303


def test_cookies_are_strict_hidden_from_scripts_and_bound_to_the_path(visit: Visit) -> None:
    browser = visit("https://films.example", host="0.0.0.0", root_path="/cxr")
    token = TokenBook().add("ada", "analyst")
    first = browser.get("/cxr/signin")
    form = {"mark": mark(first.text), "token": token}
    second = browser.post("/cxr/signin", data=form)
    for cookie in (first.headers["set-cookie"], second.headers["set-cookie"]):
        for word in ("HttpOnly", "SameSite=strict", "Secure", "Path=/cxr"):
            assert word in cookie
    assert token not in second.headers["set-cookie"]
    assert "max-age" in second.headers["strict-transport-security"]


def test_a_forged_or_changed_session_is_nobody(visit: Visit) -> None:
    browser = visit(host="0.0.0.0")
    sign_in(browser, "analyst")
    TokenBook().add("eve", "reviewer")
    cookie = browser.cookies["cxr_session"]
    for forged in (cookie.replace("ada", "eve"), cookie[:-2] + "xx", "a.b.c.d", "..", "é", ""):
        answer = visit(host="0.0.0.0").get(
            "/upload", headers={"Cookie": f"cxr_session={forged}".encode()}
        )
        assert answer.status_code == 303, forged


def test_a_session_cookie_moves_no_programs_address(visit: Visit) -> None:
    browser = visit(host="0.0.0.0")
    sign_in(browser, "analyst")
    assert browser.post("/predict", files={"films": film_file()}).status_code == 401


@pytest.mark.parametrize("path", ["/result", "/feedback", "/signin", "/signout"])
def test_forms_from_elsewhere_are_refused(visit: Visit, path: str) -> None:
    browser = visit()
    browser.get("/upload")
    form = {"mark": "guess"}
    files = {"films": film_file()} if path == "/result" else None
    assert browser.post(path, data=form, files=files).status_code == 403
    other = visit()
    form = {"mark": mark(other.get("/upload").text)}  # a mark of another browser
    assert browser.post(path, data=form, files=files).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_cannot_make_a_browser_predict(visit: Visit, headers: dict) -> None:
    answer = visit().post("/predict", files={"films": film_file()}, headers=headers)
    assert answer.status_code == 403


def test_every_answer_carries_the_strict_headers(visit: Visit) -> None:
    browser = visit()
    for path in ("/", "/healthz", "/nothing", "/style.css", "/upload/../about"):
        headers = browser.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert browser.get("/").headers["cache-control"] == "no-store"


def test_too_many_requests_wait(visit: Visit) -> None:
    browser = visit(requests_a_minute=3)
    statuses = [browser.post("/invocations", content=film_file()).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    refused = browser.post("/invocations", content=film_file())
    assert int(refused.headers["retry-after"]) > 0
    assert "wait" in refused.json()["detail"]
    assert browser.get("/healthz").status_code == 200  # looking costs nothing


def test_guessing_tokens_is_slowed_down(visit: Visit) -> None:
    stranger = visit(host="0.0.0.0", requests_a_minute=3)
    guess = {"Authorization": "Bearer cxr_guess"}
    statuses = [stranger.get("/healthz", headers=guess).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]


def test_feedback_is_kept_only_when_asked_and_found_by_a_reviewer(visit: Visit, home: Path) -> None:
    browser = visit(host="0.0.0.0")
    sign_in(browser, "analyst")
    page = upload(browser, "patient-4711.png")
    form = {"mark": mark(page), "result": sealed(page), "seen": "Pneumonia", "note": "=left base"}
    assert "without it nothing is kept" in browser.post("/feedback", data=form).text
    assert "Kept as record" in browser.post("/feedback", data=form | {"keep": "yes"}).text
    assert browser.get("/feedback").status_code == 403

    reviewer = visit(host="0.0.0.0")
    sign_in(reviewer, "reviewer", "rosa")
    shown = reviewer.get("/feedback").text
    assert "=left base" in shown
    assert "ada" in shown
    exported = reviewer.get("/feedback.csv").text
    assert exported.count("\n") == 2
    assert "'=left base" in exported  # no formula in a spreadsheet
    kept = (home / ".server").rglob("feedback*")
    assert not any(b"4711" in file.read_bytes() for file in kept)


def test_a_result_that_was_changed_gets_no_feedback(visit: Visit) -> None:
    browser = visit()
    page = upload(browser, "a.png")
    form = {"mark": mark(page), "seen": "Pneumonia", "keep": "yes"}
    for result in ("", "x.y", sealed(page)[:-1] + "_"):
        assert browser.post("/feedback", data=form | {"result": result}).status_code == 422
    form = {"mark": mark(page), "result": sealed(page), "seen": "Flu", "keep": "yes"}
    assert browser.post("/feedback", data=form).status_code == 422


def test_metrics_count_without_naming(visit: Visit) -> None:
    browser = visit()
    browser.post("/predict", files={"films": ("patient-4711.png", film_file())})
    browser.get("/patient-4711")
    text = browser.get("/metrics").text
    assert 'cxr_films_total{outcome="accepted"} 1.0' in text
    assert 'cxr_requests_total{method="POST",route="/predict",status="200"} 1.0' in text
    assert "4711" not in text


def test_the_access_log_names_no_file_and_no_path_as_sent(visit: Visit, caplog) -> None:
    caplog.set_level("INFO", "cxr")
    browser = visit()
    browser.post("/predict?who=4711", files={"films": ("patient-4711.png", film_file())})
    browser.get("/patient-4711?x=4711")
    said = [record.getMessage() for record in caplog.records if record.name == "cxr.access"]
    assert said[0].startswith("POST /predict 200 ")
    assert said[1].startswith("GET other 404 ")
    assert not any("4711" in line for line in said)


def test_unexpected_failures_are_one_plain_sentence(visit: Visit, monkeypatch) -> None:
    from helpers.app.server import api

    def fail(*_):
        raise RuntimeError("secret inside")

    monkeypatch.setattr(api, "status_of", fail)
    application = make_application(ServerSettings("small"))
    browser = TestClient(application, "http://localhost", raise_server_exceptions=False)
    answer = browser.post("/predict", files={"films": film_file()})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_behind_a_proxy_path_links_and_addresses_still_lead_home(visit: Visit) -> None:
    browser = visit("http://hub.example", root_path="/studiolab/default/jupyter/proxy/8000")
    below = "/studiolab/default/jupyter/proxy/8000"  # uvicorn puts it before the path
    page = browser.get(f"{below}/upload").text
    assert not re.search(r'(?:href|src|action)="/', page)  # relative: right at any depth
    assert browser.get(f"{below}/openapi.json").json()["servers"] == [{"url": below}]


def test_a_run_without_light_model_is_refused_with_a_sentence(home: Path) -> None:
    (home / "begun").mkdir()
    with pytest.raises(MissingInputError, match="run 04_train first"):
        make_application(ServerSettings("begun"))


def test_the_about_page_tells_scores_audits_and_card(
    visit: Visit, home: Path, served: Path
) -> None:
    import json
    import shutil

    (home / "small").unlink()
    shutil.copytree(served / "small", home / "small")
    score = {"value": 0.875, "low": 0.8, "high": 0.93, "n": 90}
    metrics = {"n": 90, "split": "test", "accuracy": score, "sensitivity": {"COVID-19": score}}
    (home / "small/metrics.json").write_text(json.dumps(metrics))
    failed = {"passed": False, "findings": [{"name": "border", "sentence": "The border tells."}]}
    (home / "small/run.json").write_text(json.dumps({"audit": failed}))
    (home / "small/model_card.md").write_text("# Card <script>alert(1)</script>")
    page = visit().get("/about").text
    for words in ("0.875", "0.800 – 0.930", "Sensitivity, COVID-19", "border: The border tells."):
        assert words in page
    assert "do not rely on it" in page
    assert "<script>alert" not in page


def test_neither_tensorflow_nor_pandas_nor_widgets_are_loaded(home: Path) -> None:
    program = (
        "import sys; from helpers.app.server.application import make_application\n"
        "from helpers.app.server.settings import ServerSettings\n"
        "make_application(ServerSettings('small'))\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'scipy', 'matplotlib', 'ipywidgets',"
        " 'IPython', 'boto3', 'pydicom'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=PROJECT
    )
    assert result.stdout.strip() == "[]", result.stderr


def test_schemathesis_finds_no_server_error(home: Path) -> None:
    import schemathesis
    from hypothesis import HealthCheck, given, settings

    server = make_application(ServerSettings("small", requests_a_minute=10**6))
    schema = schemathesis.openapi.from_asgi("/openapi.json", server, headers={"Host": "localhost"})
    for operation in schema.get_all_operations():

        @given(case=operation.ok().as_strategy())
        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        def no_server_error(case) -> None:
            answer = case.call(headers={"Host": "localhost"})
            assert answer.status_code < 500, answer.text

        no_server_error()
