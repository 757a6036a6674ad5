"""What stands in for AWS in the tests: recorded events, SageMaker's runtime, API Gateway."""

import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

CREDENTIALS = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "ENDPOINT_NAME": "chest-films",
}

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


def event(recorded: dict, body: bytes, kind: str = "image/png", method: str = "POST") -> dict:
    """The recorded event with another body, content type and method."""
    name = next(name for name in recorded["headers"] if name.lower() == "content-type")
    changed = {"headers": recorded["headers"] | {name: kind}}
    if "httpMethod" in recorded:
        changed["httpMethod"] = method
    else:
        context = recorded["requestContext"]
        changed["requestContext"] = context | {"http": context["http"] | {"method": method}}
    return recorded | changed | {"body": base64.b64encode(body).decode()}


class Quiet(BaseHTTPRequestHandler):
    """A handler that logs nothing and answers in one call."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_) -> None:
        pass


@contextlib.contextmanager
def serving(kind: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A small server in a thread; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def sagemaker_runtime(container: str) -> contextlib.AbstractContextManager[str]:
    """SageMaker's runtime address in front of the container, with its way of passing errors on."""

    class Runtime(Quiet):
        def do_POST(self) -> None:
            kind = {"Content-Type": self.headers["Content-Type"]}
            answer = httpx.post(f"{container}/invocations", content=self.body(), headers=kind)
            if answer.status_code == 200:
                return self.answer(200, {}, answer.content)
            told = {"OriginalStatusCode": answer.status_code, "OriginalMessage": answer.text}
            content = json.dumps({"Message": "refused"} | told).encode()
            return self.answer(424, {"x-amzn-errortype": "ModelError"}, content)

    return serving(Runtime)


def gateway(
    handler: Callable[[dict, object], dict], key: str, origin: str
) -> contextlib.AbstractContextManager[str]:
    """API Gateway as template.yaml makes it: the key for POST, its own refusals, then the event."""

    class Gateway(Quiet):
        def do_POST(self) -> None:
            if self.headers["x-api-key"] == key:
                return self.hand_on("POST")
            headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": origin}
            return self.answer(403, headers, b'{"message":"Forbidden"}')

        def do_OPTIONS(self) -> None:
            self.hand_on("OPTIONS")

        def hand_on(self, method: str) -> None:
            kind = self.headers.get("Content-Type", "")
            answer = handler(event(REST_API, self.body(), kind, method), None)
            self.answer(answer["statusCode"], answer["headers"], answer["body"].encode())

    return serving(Gateway)
