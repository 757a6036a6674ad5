"""The upload panel as analysts meet it: in JupyterLab and, without code, under Voila."""

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

CLASSES = {"COVID-19", "No finding", "Pneumonia"}
# What has no name of its own, no label and no title cannot be used with a screen reader.
NAMELESS = """
[...document.querySelectorAll('.cxr-panel button, .cxr-panel input, .cxr-panel select, '
  + '.cxr-panel textarea, .cxr-panel a')].filter(e => e.offsetParent !== null)
  .filter(e => !(e.labels?.length || e.textContent.trim() || e.title || e.getAttribute('aria-label')
    || e.closest('.jupyter-widgets')?.querySelector('label')?.textContent.trim()))
  .map(e => e.outerHTML.slice(0, 200))
"""


@pytest.fixture(params=["lab", "voila"])
def panel(request: pytest.FixtureRequest, open_panel) -> Page:
    return open_panel(request.getfixturevalue(request.param), request.param == "lab")


def test_upload_result_threshold_and_export(panel: Page, upload, uploads: dict[str, Path]) -> None:
    said = upload(uploads["jpg"], uploads["dcm"], uploads["png"])
    assert said == "Done: 2 accepted, 1 turned away."
    cards = panel.locator(".cxr-card")
    expect(cards).to_have_count(3)
    for card, name in ((cards.nth(1), "Film 2"), (cards.nth(2), "Film 1")):
        assert card.get_attribute("aria-label") == name
        assert card.locator(".cxr-label").inner_text() in CLASSES
        assert "never a diagnosis" in card.inner_text()
    assert "DX · PA · 12 bit" in cards.nth(1).inner_text()
    assert "not a picture" in cards.nth(0).inner_text()
    assert "Roe" not in panel.locator(".cxr-panel").inner_text()

    _move_threshold(panel, "End")
    expect(panel.locator(".cxr-uncertain")).to_have_count(2)
    _move_threshold(panel, "Home")
    expect(panel.locator(".cxr-uncertain")).to_have_count(0)

    with panel.expect_download() as download:
        panel.get_by_text("Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert [row["film"] for row in rows] == ["Film 1", "Film 2", "Film 3"]
    assert [row["accepted"] for row in rows] == ["True", "True", "False"]
    assert {row["label"] for row in rows[:2]} <= CLASSES


def _move_threshold(panel: Page, key: str) -> None:
    handle = panel.locator(".cxr-row .noUi-handle")
    handle.focus()
    handle.press(key)


def test_the_closer_look_follows_its_controls(panel: Page, upload, uploads) -> None:
    upload(uploads["jpg"])
    picture = panel.locator(".cxr-frame img")
    before = picture.get_attribute("src")
    handles = panel.locator(".cxr-controls .noUi-handle")
    handles.nth(0).focus()
    handles.nth(0).press("Home")  # opacity 0
    expect(picture).not_to_have_attribute("src", before)
    width = picture.bounding_box()["width"]
    handles.nth(3).focus()
    handles.nth(3).press("End")  # zoom
    panel.wait_for_function(
        "w => document.querySelector('.cxr-frame img').getBoundingClientRect().width > 5 * w",
        arg=width,
    )
    assert "bright areas" in picture.get_attribute("alt")


def test_a_dropped_film_is_read(panel: Page, uploads) -> None:
    panel.wait_for_selector(".cxr-inputs .widget-upload[data-cxr-drop]")
    transfer = panel.evaluate_handle(
        """bytes => { const files = new DataTransfer();
           files.items.add(new File([Uint8Array.from(bytes)], 'f.jpg')); return files }""",
        list(uploads["jpg"].read_bytes()),
    )
    panel.dispatch_event(".cxr-inputs .widget-upload", "drop", {"dataTransfer": transfer})
    expect(panel.locator(".cxr-card")).to_have_count(1)


def test_other_languages_and_a_name_for_every_control(panel: Page, upload, uploads) -> None:
    upload(uploads["jpg"], uploads["png"])
    assert panel.evaluate(NAMELESS) == []
    language = panel.locator(".cxr-head select").nth(1)
    for name, title, away in (
        ("Español", "Leer radiografías de tórax", "Rechazada"),
        ("हिन्दी", "छाती के एक्स-रे पढ़ें", "अस्वीकृत"),
    ):
        language.select_option(label=name)
        expect(panel.locator(".cxr-head h2")).to_have_text(title)
        expect(panel.locator(".cxr-card").first).to_contain_text(away)
    assert panel.evaluate(NAMELESS) == []


def test_a_film_of_the_test_split_comes_with_its_label(panel: Page) -> None:
    panel.get_by_role("button", name="Film of the test split").click()
    expect(panel.locator(".cxr-card")).to_have_count(1)
    assert "Test film 1 (labelled " in panel.locator(".cxr-name").inner_text()


def test_nothing_of_an_upload_is_in_the_saved_notebook(
    lab: str, open_panel, upload, uploads, notebook: Path
) -> None:
    page = open_panel(lab, True)
    upload(uploads["jpg"])
    before = notebook.stat().st_mtime_ns
    page.locator(
        ".jp-NotebookPanel-toolbar [data-command='docmanager:save'], "
        ".jp-NotebookPanel-toolbar [title^='Save']"
    ).first.click()
    for _ in range(600):  # a busy machine may take its time to save
        page.wait_for_timeout(100)
        if notebook.stat().st_mtime_ns != before:
            break
    saved = notebook.read_text()
    assert notebook.stat().st_mtime_ns != before
    assert "widget-view" in saved  # so the panel itself was saved
    assert "data:image/jpeg" not in saved
    # Signs that no base64 picture holds by chance.
    assert "Roe_Jane" not in saved and "Roe^Jane" not in saved
    assert "Film 1" not in saved


def test_a_path_is_read_in_jupyterlab_and_not_offered_to_visitors(
    lab: str, voila: str, open_panel, uploads
) -> None:
    page = open_panel(lab, True)
    field = page.get_by_label("Path or s3:// address")
    field.fill(str(uploads["jpg"]))
    field.press("Tab")
    _read_button(page).click()
    expect(page.locator(".cxr-card")).to_have_count(1)
    page = open_panel(voila, False)
    expect(_read_button(page)).to_be_hidden()


def _read_button(page: Page) -> Locator:
    return page.locator(".cxr-inputs button", has_text=re.compile("Read$"))


def test_the_page_shows_no_code_and_no_lesson(voila: str, open_panel) -> None:
    page = open_panel(voila, False)
    text = page.locator("body").inner_text()
    assert "You will learn" not in text
    assert "import" not in text


def test_a_server_with_jupyters_own_limit_says_so_before_the_upload(
    plain_lab: str, open_panel
) -> None:
    page = open_panel(plain_lab, True)
    warning = page.locator(".cxr-inputs .cxr-warning").inner_text()
    assert "10 MB" in warning
    assert "path" in warning
