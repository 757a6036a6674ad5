"""What all tests share: a throw-away outputs folder, real films if any, one whole sample run."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
# The user's own S3 settings must not reach a test, and no test reaches a user's bucket.
AWS_SETTINGS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_REGION")
AWS_SETTINGS += ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
AWS_SETTINGS += ("AWS_SESSION_TOKEN",)
SLOW_RUN = 1700  # seconds: a whole sample run on a machine that is busy with other things


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`prove` tests run only when asked for; those on the one sample run share a worker."""
    asked = "prove" in config.option.markexpr
    left_out = [item for item in items if item.get_closest_marker("prove") and not asked]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    # Playwright keeps an event loop running in this thread; whoever comes after it can start none.
    items.sort(key=lambda item: "browser" in item.path.parts)
    for item in items:
        if "sample_run" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("sample_run"))
            item.add_marker(pytest.mark.timeout(SLOW_RUN + 60))


@pytest.fixture(scope="session", autouse=True)
def _nothing_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the real outputs, a user's S3 settings or a GPU, even if it asks for nothing."""
    empty = tmp_path_factory.mktemp("aws") / "none"
    with pytest.MonkeyPatch.context() as patch:
        for name in AWS_SETTINGS:
            patch.delenv(name, raising=False)
        patch.delenv("CXR_EXECUTOR", raising=False)
        patch.setenv("AWS_CONFIG_FILE", str(empty))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(empty))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("CXR_OUTPUTS", str(tmp_path_factory.mktemp("outputs")))
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
        yield
        stop_store()


def stop_store() -> None:
    """Stop the embedded store of the present outputs folder, if one was started."""
    from helpers.core.runs import outputs_root

    if (outputs_root() / ".store-state").exists():
        from helpers.data import local_s3

        local_s3.stop()


@pytest.fixture
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An outputs folder of the test's own; the embedded store it may start ends with the test."""
    folder = tmp_path / "outputs"
    monkeypatch.setenv("CXR_OUTPUTS", str(folder))
    yield folder
    stop_store()


@pytest.fixture(scope="session")
def films() -> Path:
    """The folder of real films (`CXR_FILMS`), with cohen/, ozturk/ and odd_originals/ in it."""
    folder = os.environ.get("CXR_FILMS", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("no real films here: set CXR_FILMS to a folder with cohen/, ozturk/ ...")
    return Path(folder)


def _cxr(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "helpers", *words],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=SLOW_RUN,
        check=False,
    )


@pytest.fixture(scope="session")
def cxr() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The real command line in a process of its own: `cxr("doctor", "--json", NAME="value")`."""
    return _cxr


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of one whole sample run, made by `cxr run` once for all tests that read it."""
    outputs = tmp_path_factory.mktemp("sample")
    result = _cxr("run", CXR_OUTPUTS=str(outputs))
    assert result.returncode == 0, result.stdout + result.stderr
    yield outputs / "sample"
    _cxr("store", "stop", CXR_OUTPUTS=str(outputs))
