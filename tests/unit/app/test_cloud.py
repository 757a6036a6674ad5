"""Container, Lambda handler and SAM template: versions, recorded events, the real server behind."""

import base64
import hashlib
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from helpers.app.cloud import lambda_handler
from tests.cloud import CREDENTIALS, HTTP_API, REST_API, event, sagemaker_runtime
from tests.serving import CLASSES, PROJECT, film_file, make_run

CLOUD = PROJECT / "helpers/app/cloud"


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory):
    """The container's own command with the run where SageMaker would mount it; its address."""
    outputs = make_run(tmp_path_factory.mktemp("opt"))
    (outputs / "small").rename(outputs / "model")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    environment = {"CXR_OUTPUTS": str(outputs), "CXR_RUN": "model", "CXR_CONTAINER": "1"}
    environment["SAGEMAKER_BIND_TO_PORT"] = port
    process = subprocess.Popen(
        [sys.executable, "-c", ONLY_REQUIREMENTS, "serve"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = process.stdout.readline()
    if "is served" not in first:
        pytest.fail(first + process.stderr.read())
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)
    assert sorted(path.name for path in outputs.iterdir()) == ["model"]  # it wrote nothing


# Runs the command line with every import refused that requirements.txt does not bring.
ONLY_REQUIREMENTS = """
import sys
from importlib import metadata
from packaging.utils import canonicalize_name
lines = open("helpers/app/cloud/requirements.txt").read().splitlines()
allowed = {line.partition("==")[0] for line in lines if "==" in line}
packages = metadata.packages_distributions()
class Refuse:
    def find_spec(self, name, path=None, target=None):
        owners = {canonicalize_name(owner) for owner in packages.get(name.partition(".")[0], [])}
        if owners and not owners & (allowed | {"chest-film-notebooks"}):
            raise ModuleNotFoundError(f"not in the container: {name}", name=name)
sys.meta_path.insert(0, Refuse())
sys.argv[0] = "cxr"
from helpers.suite.cli import main
main()
"""


@pytest.fixture
def endpoint(container: str, monkeypatch: pytest.MonkeyPatch):
    """The container as a SageMaker endpoint that the handler finds."""

    with sagemaker_runtime(container) as address:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": address}.items():
            monkeypatch.setenv(name, value)
        yield


def test_the_container_answers_as_sagemaker_asks(container: str) -> None:
    assert httpx.get(f"{container}/ping").status_code == 200
    headers = {"Content-Type": "image/png", "Accept": "application/json"}
    answer = httpx.post(f"{container}/invocations", content=film_file(), headers=headers)
    assert answer.json()["predictions"][0]["label"] in CLASSES
    batch = {"films": [base64.b64encode(film_file(n)).decode() for n in range(3)]}
    assert len(httpx.post(f"{container}/invocations", json=batch).json()["predictions"]) == 3
    assert httpx.get(f"{container}/upload").status_code == 404


@pytest.mark.parametrize("recorded", [HTTP_API, REST_API], ids=["HTTP API", "REST API"])
def test_a_recorded_event_reaches_the_endpoint_and_comes_back(endpoint, recorded: dict) -> None:
    answer = lambda_handler.handler(event(recorded, film_file()), None)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["predictions"][0]["label"] in CLASSES
    assert answer["headers"]["Content-Type"] == "application/json"


def test_what_the_container_says_of_a_bad_film_is_passed_on(endpoint) -> None:
    answer = lambda_handler.handler(event(HTTP_API, b"%PDF letter"), None)
    assert answer["statusCode"] == 415
    assert "not a picture" in json.loads(answer["body"])["detail"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"body": ""}, 422),
        ({"body": None}, 422),
        ({"body": "%%%"}, 422),
        ({"body": base64.b64encode(b"x" * 5_000_000).decode()}, 413),
        ({"headers": {"content-type": "text/html"}}, 415),
        ({"headers": None}, 415),
    ],
)
def test_events_that_hold_no_film_are_refused_without_a_call(changes: dict, status: int) -> None:
    answer = lambda_handler.handler(event(HTTP_API, b"x") | changes, None)
    assert answer["statusCode"] == status
    assert json.loads(answer["body"])["detail"].endswith(".")


def test_an_endpoint_that_is_not_there_is_a_plain_502(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    for name, value in (CREDENTIALS | nowhere).items():
        monkeypatch.setenv(name, value)
    answer = lambda_handler.handler(event(HTTP_API, film_file()), None)
    assert answer["statusCode"] == 502


def test_the_handler_needs_nothing_but_what_lambda_brings() -> None:
    source = (CLOUD / "lambda_handler.py").read_text()
    assert "helpers" not in source


def test_cfn_lint_passes_the_template() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    command = [program, CLOUD / "template.yaml"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def template() -> dict:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))
    return yaml.load((CLOUD / "template.yaml").read_text(), Loader)


def test_the_template_lets_the_function_do_one_thing() -> None:
    function = template()["Resources"]["Predict"]["Properties"]
    (policy,) = function["Policies"]
    (statement,) = policy["Statement"]
    assert statement["Action"] == "sagemaker:InvokeEndpoint"
    assert "*" not in statement["Resource"]
    module, name = function["Handler"].split(".")
    assert (CLOUD / f"{module}.py").exists()
    assert name == "handler"


def test_the_template_lets_nobody_in_without_a_key_that_has_bounds() -> None:
    resources = template()["Resources"]
    auth = resources["Api"]["Properties"]["Auth"]
    assert auth["ApiKeyRequired"] is True
    assert auth["UsagePlan"]["Throttle"]["RateLimit"] <= 10
    assert auth["UsagePlan"]["Quota"] == {"Limit": "FilmsPerDay", "Period": "DAY"}
    calls = [one["Properties"] for one in resources["Predict"]["Properties"]["Events"].values()]
    assert [one["Method"] for one in calls if "Auth" in one] == ["OPTIONS"]


@pytest.mark.parametrize(
    ("origin", "fits"),
    [
        ("https://films.s3.eu-west-1.amazonaws.com", True),
        ("http://localhost:8080", True),
        ("*", False),
        ("null", False),
        ("http://films.example.org", False),
        ("https://films.example.org/client.html", False),
        ("https://a'; b", False),
    ],
)
def test_the_template_takes_one_safe_origin(origin: str, fits: bool) -> None:
    pattern = template()["Parameters"]["PageOrigin"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, origin)) is fits


def test_only_the_page_may_read_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGE_ORIGIN", "https://films.example.org")
    for recorded in (HTTP_API, REST_API):
        answer = lambda_handler.handler(event(recorded, b"", "text/html"), None)
        assert answer["headers"]["Access-Control-Allow-Origin"] == "https://films.example.org"
    monkeypatch.delenv("PAGE_ORIGIN")
    answer = lambda_handler.handler(event(REST_API, b"", "text/html"), None)
    assert not [name for name in answer["headers"] if name.startswith("Access-Control")]


@pytest.mark.parametrize("recorded", [HTTP_API, REST_API], ids=["HTTP API", "REST API"])
def test_the_preflight_is_answered_without_a_call(
    recorded: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGE_ORIGIN", "https://films.example.org")
    answer = lambda_handler.handler(event(recorded, b"", method="OPTIONS"), None)
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert "x-api-key" in answer["headers"]["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("tag", ["style", "script"])
def test_the_page_runs_its_own_style_and_script_only(tag: str) -> None:
    page = (CLOUD / "client.html").read_text()
    inner = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
    assert f"{tag}-src 'sha256-{digest}';" in page
    assert "default-src 'none'" in page
    assert not re.search(r"""(src|href)=["'](?!data:)|url\(|@import""", page)


def pins(path: Path) -> dict[str, str]:
    lines = [line.partition(";")[0].strip(" \\") for line in path.read_text().splitlines()]
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def test_the_container_has_the_locks_versions() -> None:
    lock = (PROJECT / "requirements.lock").read_text()
    assert [
        f"{n}=={v}" for n, v in pins(CLOUD / "requirements.txt").items() if f"{n}=={v}" not in lock
    ] == []


def test_the_container_is_small_and_not_root() -> None:
    assert not {"tensorflow", "pandas", "scipy", "jupyterlab"} & set(
        pins(CLOUD / "requirements.txt")
    )
    lines = (CLOUD / "Dockerfile").read_text().splitlines()
    users = [line for line in lines if line.startswith("USER")]
    assert users == ["USER films"]
    assert lines.index("USER films") < lines.index('ENTRYPOINT ["python", "-m", "helpers"]')
