"""The upload page before API Gateway, in a real browser: the real handler, the real server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.app.cloud import lambda_handler
from tests.cloud import CREDENTIALS, Quiet, gateway, sagemaker_runtime, serving
from tests.serving import CLASSES, PROJECT, film_file, make_run, running

pytestmark = pytest.mark.browser
KEY = "only-for-this-test"


class Published(Quiet):
    """The page as a bucket would hand it out: the file, no header that protects it."""

    def do_GET(self) -> None:
        content = (PROJECT / "helpers/app/cloud/client.html").read_bytes()
        self.answer(200, {"Content-Type": "text/html"}, content)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Where the page is published, and the API that is made for it."""
    with (
        running(make_run(tmp_path_factory.mktemp("served"))) as server,
        sagemaker_runtime(server.url) as runtime,
        serving(Published) as origin,
        gateway(lambda_handler.handler, KEY, origin) as api,
        pytest.MonkeyPatch.context() as patch,
    ):
        settings = CREDENTIALS | {"AWS_ENDPOINT_URL": runtime, "PAGE_ORIGIN": origin}
        for name, value in settings.items():
            patch.setenv(name, value)
        yield f"{origin}/client.html", f"{api}/films/predict"


@pytest.fixture
def client(browser, addresses: tuple[str, str]) -> Iterator:
    """The page with address and key typed; complains if it breaks or its policy stops it."""
    context = browser.new_context(viewport={"width": 900, "height": 1000})
    page, complaints = context.new_page(), []
    page.on("console", lambda said: "Security" in said.text and complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(addresses[0])
    page.get_by_label("Address", exact=True).fill(addresses[1])
    page.get_by_label("Key", exact=True).fill(KEY)
    yield page
    context.close()
    assert complaints == []


def send(page, *films: tuple[str, str, bytes]) -> None:
    chosen = [{"name": name, "mimeType": kind, "buffer": data} for name, kind, data in films]
    page.get_by_label("Choose or drop films").set_input_files(chosen)
    page.get_by_role("status").get_by_text("Done:").wait_for()


def picture(page, name: str) -> None:
    """Keep a screenshot where CXR_SCREENSHOTS says, to be looked at."""
    if folder := os.environ.get("CXR_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"client-{name}.png", full_page=True)


def test_films_are_sent_and_each_gets_its_result(client) -> None:
    letter = ("<b>letter</b>.png", "image/png", b"Dear colleague")
    large = ("large.dcm", "", bytes(4_400_001))
    send(client, ("film.png", "image/png", film_file()), letter, large)
    results = client.get_by_role("article")
    assert results.count() == 3
    film = results.filter(has_text="film.png")
    assert film.get_by_role("heading").inner_text() in CLASSES
    bars = film.get_by_role("progressbar").all()
    assert [bar.get_attribute("aria-label") for bar in bars] == CLASSES
    assert sum(float(bar.get_attribute("value")) for bar in bars) == pytest.approx(1, abs=1e-4)
    away = results.filter(has_text="<b>letter</b>.png")
    assert away.get_by_role("heading").inner_text() == "Turned away"
    assert "not a picture" in away.inner_text()
    assert "larger than 4.4 MB" in results.filter(has_text="large.dcm").inner_text()
    picture(client, "results")


def test_a_dropped_film_is_read_too(client) -> None:
    client.evaluate(
        """bytes => {
          const film = new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"});
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(film);
          document.body.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true}));
        }""",
        list(film_file()),
    )
    result = client.get_by_role("article").filter(has_text="dropped.png")
    assert result.get_by_role("heading").inner_text() in CLASSES


def test_a_wrong_key_is_refused_with_a_sentence(client) -> None:
    client.get_by_label("Key", exact=True).fill("guessed")
    send(client, ("film.png", "image/png", film_file()))
    assert "does not accept this address or key" in client.get_by_role("article").inner_text()
    picture(client, "wrong-key")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("", "Type the address"), ("http://films.example.org/predict", "must begin with https://")],
)
def test_the_key_goes_nowhere_unsafe(client, address: str, sentence: str) -> None:
    client.get_by_label("Address", exact=True).fill(address)
    film = {"name": "film.png", "mimeType": "image/png", "buffer": film_file()}
    client.get_by_label("Choose or drop films").set_input_files([film])
    client.get_by_role("status").get_by_text(sentence).wait_for()
    assert client.get_by_role("article").count() == 0


def test_a_page_published_elsewhere_reads_nothing(
    client, addresses: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGE_ORIGIN", "https://films.example.org")
    send(client, ("film.png", "image/png", film_file()))
    assert "No answer" in client.get_by_role("article").inner_text()


def test_address_and_key_outlive_a_reload_but_not_the_tab(
    client, addresses: tuple[str, str]
) -> None:
    client.reload()
    assert client.get_by_label("Key", exact=True).input_value() == KEY
    assert client.evaluate("localStorage.length") == 0
    another = client.context.new_page()
    another.goto(addresses[0])
    assert another.get_by_label("Key", exact=True).input_value() == ""
    client.get_by_role("button", name="Forget now").click()
    client.reload()
    assert client.get_by_label("Address", exact=True).input_value() == ""
