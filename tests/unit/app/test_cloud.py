"""Container, Lambda handler and SAM template: versions, recorded events, the real server behind."""

import base64
import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import yaml

from helpers.app.cloud import lambda_handler
from tests.serving import CLASSES, PROJECT, film_file, make_run

CLOUD = PROJECT / "helpers/app/cloud"

# Recorded from API Gateway, shortened: an HTTP API (payload 2.0) and a REST API (1.0).
HTTP_API = {
    "version": "2.0",
    "routeKey": "POST /predict",
    "rawPath": "/predict",
    "rawQueryString": "",
    "headers": {
        "accept": "*/*",
        "content-length": "3245",
        "content-type": "image/png",
        "host": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
        "user-agent": "curl/8.5.0",
        "x-amzn-trace-id": "Root=1-6740a1b2-0123456789abcdef01234567",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    },
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "a1b2c3d4e5",
        "http": {"method": "POST", "path": "/predict", "protocol": "HTTP/1.1"},
        "routeKey": "POST /predict",
        "stage": "$default",
        "timeEpoch": 1763705400000,
    },
    "isBase64Encoded": True,
}
REST_API = {
    "resource": "/predict",
    "path": "/predict",
    "httpMethod": "POST",
    "headers": {"Accept": "*/*", "Content-Type": "image/png", "X-Forwarded-Proto": "https"},
    "multiValueHeaders": {"Content-Type": ["image/png"]},
    "queryStringParameters": None,
    "pathParameters": None,
    "requestContext": {"resourcePath": "/predict", "httpMethod": "POST", "stage": "prod"},
    "isBase64Encoded": True,
}


def event(recorded: dict, body: bytes, kind: str = "image/png") -> dict:
    name = next(name for name in recorded["headers"] if name.lower() == "content-type")
    changed = {"headers": recorded["headers"] | {name: kind}}
    return recorded | changed | {"body": base64.b64encode(body).decode()}


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
    """SageMaker's runtime address in front of the container, with its way of passing errors on."""

    class Runtime(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = {"Content-Type": self.headers["Content-Type"]}
            answer = httpx.post(f"{container}/invocations", content=body, headers=kind)
            content, status = answer.content, answer.status_code
            if status != 200:
                told = {"OriginalStatusCode": status, "OriginalMessage": answer.text}
                content = json.dumps({"Message": "refused"} | told).encode()
            self.send_response(424 if status != 200 else 200)
            if status != 200:
                self.send_header("x-amzn-errortype", "ModelError")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("ENDPOINT_NAME", "chest-films")
    yield
    server.shutdown()


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
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("ENDPOINT_NAME", "chest-films")
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


def test_the_template_lets_nobody_in_unsigned_and_the_function_do_one_thing() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))
    template = yaml.load((CLOUD / "template.yaml").read_text(), Loader)
    resources = template["Resources"]
    assert resources["Api"]["Properties"]["Auth"]["DefaultAuthorizer"] == "AWS_IAM"
    (policy,) = resources["Predict"]["Properties"]["Policies"]
    (statement,) = policy["Statement"]
    assert statement["Action"] == "sagemaker:InvokeEndpoint"
    assert "*" not in statement["Resource"]
    module, function = resources["Predict"]["Properties"]["Handler"].split(".")
    assert (CLOUD / f"{module}.py").exists()
    assert function == "handler"


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
