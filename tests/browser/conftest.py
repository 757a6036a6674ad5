"""A real browser, real Jupyter and Voila servers over the sample run, and films to upload."""

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from helpers.data.phantoms import generate_collection

# The panel answers once the notebook's other cells are done, on a slow machine a while later.
expect.set_options(timeout=60_000)

PROJECT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DICOM_SHAPE = (4200, 3800)  # 16 bits: 32 MB
TOKEN = "only-for-this-test"
LARGE_UPLOADS = "{'websocket_max_message_size': 209715200}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium here: `apt install chromium`, as .ci/run does")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh page; what it shows at the end goes to CXR_SCREENSHOTS, if that is set."""
    context = browser.new_context(viewport={"width": 1400, "height": 2600}, accept_downloads=True)
    context.set_default_timeout(60_000)
    page = context.new_page()
    yield page
    folder = os.environ.get("CXR_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{request.node.name}.png")
    context.close()


@pytest.fixture(scope="session")
def notebook(sample_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of 06_predict in a folder of its own, which a browser may save."""
    folder = tmp_path_factory.mktemp("notebooks")
    return Path(shutil.copy(PROJECT / "notebooks/06_predict.ipynb", folder))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _serve(words: list[str], port: int, outputs: Path, folder: Path, path: str) -> Iterator[str]:
    """Start a server, wait until it answers, give its address, stop it."""
    environment = os.environ | {
        "CXR_OUTPUTS": str(outputs),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    log = folder / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", *words],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(address + path, server, log)
            yield address
        finally:
            server.terminate()
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        if server.poll() is not None:
            raise AssertionError(log.read_text())
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(log.read_text())


def _lab(port: int, folder: Path, *options: str) -> list[str]:
    return [
        *("jupyterlab", "--allow-root", "--no-browser", f"--ServerApp.port={port}"),
        *("--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"),
        *(f"--ServerApp.root_dir={folder}", *options),
    ]


@pytest.fixture(scope="session")
def lab(sample_run: Path, notebook: Path, tmp_path_factory) -> Iterator[str]:
    """JupyterLab as `make lab` starts it."""
    port, folder = _free_port(), tmp_path_factory.mktemp("lab")
    words = _lab(port, notebook.parent, f"--ServerApp.tornado_settings={LARGE_UPLOADS}")
    yield from _serve(words, port, sample_run.parent, folder, "/api")


@pytest.fixture(scope="session")
def plain_lab(sample_run: Path, notebook: Path, tmp_path_factory) -> Iterator[str]:
    """JupyterLab as anyone starts it, with its own limit on uploads."""
    port, folder = _free_port(), tmp_path_factory.mktemp("plain_lab")
    words = _lab(port, notebook.parent)
    yield from _serve(words, port, sample_run.parent, folder, "/api")


@pytest.fixture(scope="session")
def voila(sample_run: Path, notebook: Path, tmp_path_factory) -> Iterator[str]:
    """The page as `make page` starts it."""
    port, folder = _free_port(), tmp_path_factory.mktemp("voila")
    words = ["voila", str(notebook), "--no-browser", f"--port={port}"]
    words += [f"--Voila.tornado_settings={LARGE_UPLOADS}"]
    words += ["--TagRemovePreprocessor.remove_cell_tags=lesson"]
    yield from _serve(words, port, sample_run.parent, folder, "/voila/static/voila.js")


@pytest.fixture(scope="session")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A JPEG film, a DICOM film of 32 MB, and a text that claims to be a film."""
    folder = tmp_path_factory.mktemp("Roe_Jane")
    film = next(iter(generate_collection(1, seed=5, size=256))).pixels
    paths = {name: folder / f"Roe_Jane_1960.{name}" for name in ("jpg", "dcm", "png")}
    cv2.imwrite(str(paths["jpg"]), film)
    paths["dcm"].write_bytes(_dicom(film))
    paths["png"].write_text("Dear colleague, please find the film attached.")
    assert paths["dcm"].stat().st_size > 30 * 2**20
    return paths


def _dicom(film: np.ndarray) -> bytes:
    large = cv2.resize(film, DICOM_SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    dataset = pydicom.Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.PatientName, dataset.Modality, dataset.ViewPosition = "Roe^Jane", "DX", "PA"
    dataset.Rows, dataset.Columns = DICOM_SHAPE
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.PixelData = (large.astype(np.uint16) * 16).tobytes()
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _ask_lab(address: str, what: str, method: str = "GET") -> list[dict]:
    """JupyterLab's own REST interface."""
    header = {"Authorization": f"token {TOKEN}"}
    request = urllib.request.Request(f"{address}/api/{what}", headers=header, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"[]")


def _wait_for_kernel(address: str, page: Page) -> None:
    """Cells that are run before the page is connected to an idle kernel get lost."""
    for _ in range(300):
        page.wait_for_timeout(200)
        kernels = _ask_lab(address, "kernels")
        if any(k["connections"] and k["execution_state"] == "idle" for k in kernels):
            page.wait_for_timeout(500)
            return
    raise AssertionError("the notebook's kernel did not start")


@pytest.fixture
def open_panel(page: Page) -> Callable[[str], Page]:
    """Open 06_predict at an address (JupyterLab or Voila), run it, and wait for the panel."""

    def open_at(address: str, in_lab: bool) -> Page:
        if in_lab:
            for session in _ask_lab(address, "sessions"):
                _ask_lab(address, f"sessions/{session['id']}", "DELETE")
            page.goto(f"{address}/lab/tree/06_predict.ipynb?reset&token={TOKEN}")
            page.wait_for_selector(".jp-Notebook .jp-Cell")
            _wait_for_kernel(address, page)
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_text("Run All Cells", exact=True).click()
        else:
            page.goto(address)
        page.wait_for_selector(".cxr-inputs .widget-upload", timeout=120_000)
        return page

    return open_at


@pytest.fixture
def upload(page: Page) -> Callable[..., str]:
    """Choose files in the panel's chooser and wait for the end of the batch."""

    def choose(*paths: Path) -> str:
        with page.expect_file_chooser() as chooser:
            page.click(".cxr-inputs .widget-upload")
        chooser.value.set_files([str(path) for path in paths])
        status = page.locator(".cxr-panel [role=status]").first
        status.filter(has_text=re.compile("Done:")).wait_for(timeout=90_000)
        return status.inner_text()

    return choose
