"""The page in a real browser: sign in, upload, see result and saliency, leave feedback, review."""

import os
from pathlib import Path

import pytest

from helpers.app.server.tokens import TokenBook
from tests.serving import Server, film_file, make_run, running

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def server(outputs: Path):
    with running(outputs, "--require-token") as server:
        yield server


@pytest.fixture
def tokens(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A fresh token for each role."""
    monkeypatch.setenv("CXR_OUTPUTS", str(outputs))
    book = TokenBook()
    for name, _, _ in book.entries():
        book.revoke(name)
    return {role: book.add(f"{role}-1", role) for role in ("analyst", "reviewer")}


@pytest.fixture
def visit(browser):
    """`visit(width=…)`: a page of a browser of its own; complains about anything blocked."""
    contexts, complaints = [], []

    def make(**viewport):
        size = {"width": 1180, "height": 900} | viewport
        contexts.append(browser.new_context(viewport=size))
        page = contexts[-1].new_page()
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    # A page that is refused is reported there too; a broken policy would name itself.
    assert [one for one in complaints if "Content Security" in one or "Error:" in one] == []


def sign_in(page, server: Server, token: str) -> None:
    page.goto(f"{server.url}/")
    page.get_by_label("Your token").fill(token)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Read chest films").wait_for()


def picture(page, name: str) -> None:
    """Keep a screenshot where CXR_SCREENSHOTS says, to be looked at."""
    if folder := os.environ.get("CXR_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"server-{name}.png", full_page=True)


def test_an_analyst_reads_a_film_and_a_reviewer_finds_the_feedback(
    visit, server: Server, tokens: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "film.png").write_bytes(film_file(height=300, width=260))
    page = visit()
    page.goto(f"{server.url}/upload")
    assert page.url.endswith("/signin")
    picture(page, "signin")
    sign_in(page, server, tokens["analyst"])
    picture(page, "home")
    page.get_by_role("navigation").get_by_role("link", name="Read films").click()
    page.get_by_label("Choose or drop films").set_input_files(tmp_path / "film.png")
    picture(page, "upload")
    page.get_by_role("button", name="Read these films").click()
    page.get_by_role("heading", name="Results").wait_for()
    picture(page, "result")

    shown = page.locator(".pictures img:visible")
    first = shown.get_attribute("src")
    assert shown.evaluate("image => image.naturalWidth") == 260
    page.locator(".choices label", has_text="Film alone").click()
    assert shown.get_attribute("src") != first

    page.get_by_text("Your feedback on this film").click()
    page.get_by_label("I see").select_option("Pneumonia")
    page.get_by_label("Note (no names)").fill("left base, see lateral")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("without it nothing is kept").wait_for()
    page.get_by_label("Keep my feedback").check()
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("Kept as record").wait_for()
    picture(page, "feedback-kept")

    reviewer = visit()
    sign_in(reviewer, server, tokens["reviewer"])
    reviewer.get_by_role("navigation").get_by_role("link", name="Feedback").click()
    reviewer.get_by_text("left base, see lateral").wait_for()
    picture(reviewer, "review")
    with reviewer.expect_download() as download:
        reviewer.get_by_role("link", name="Download CSV").click()
    assert "left base" in Path(download.value.path()).read_text()


def test_with_the_keyboard_alone(visit, server: Server, tokens, tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(film_file())
    page = visit()
    sign_in(page, server, tokens["analyst"])
    page.goto(f"{server.url}/upload")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_label("Choose or drop films").set_input_files(tmp_path / "film.png")
    page.get_by_role("button", name="Read these films").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Results").wait_for()
    before = page.locator(".pictures img:visible").get_attribute("src")
    page.locator("[name=view-1]").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".pictures img:visible").get_attribute("src") != before


def test_on_a_phone_nothing_is_wider_than_the_screen(visit, server: Server, tokens, tmp_path):
    (tmp_path / "film.png").write_bytes(film_file(height=300, width=260))
    page = visit(**PHONE)
    sign_in(page, server, tokens["analyst"])
    for path in ("", "about", "api", "upload"):
        page.goto(f"{server.url}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
    page.get_by_label("Choose or drop films").set_input_files(tmp_path / "film.png")
    page.get_by_role("button", name="Read these films").click()
    page.get_by_role("heading", name="Results").wait_for()
    picture(page, "phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_without_scripts_every_page_works(browser, server: Server, tokens, tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(film_file())
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, server, tokens["analyst"])
    page.goto(f"{server.url}/upload?language=es")
    page.get_by_label("Elija o suelte").set_input_files(tmp_path / "film.png")
    page.get_by_role("button", name="Leer estas radiografías").click()
    page.get_by_text("Su opinión sobre esta radiografía").click()
    page.get_by_label("Guardar mi opinión").check()
    page.get_by_role("button", name="Guardar").click()
    page.get_by_text("Guardada como registro").wait_for()
    context.close()
