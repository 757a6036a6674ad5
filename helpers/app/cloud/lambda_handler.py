"""A Lambda function that hands an uploaded film from API Gateway to the SageMaker endpoint.

It stands alone: Lambda's own Python brings boto3, and nothing else is needed.
"""

import base64
import binascii
import json
import os
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# Lambda takes events of 6 MB, in which API Gateway sends a film in base64.
MOST_BYTES = 4_400_000
KINDS = ("image/", "application/octet-stream", "application/dicom", "application/json")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one event of an HTTP API (2.0) or a REST API (1.0) with the endpoint's JSON."""
    if _method(event) == "OPTIONS":
        return _response(204, "")
    kind = _content_type(event)
    if not kind.startswith(KINDS):
        return _answer(415, "Send the film itself, as image/png, image/jpeg or application/dicom.")
    try:
        film = _body(event)
    except (binascii.Error, ValueError):
        return _answer(422, "The body is not readable: send the film's own bytes.")
    if not film:
        return _answer(422, "The body is empty: send the film's own bytes.")
    if len(film) > MOST_BYTES:
        return _answer(413, f"The film is larger than {MOST_BYTES // 10**6} MB: reduce it first.")
    return _invoke(film, kind)


def _invoke(film: bytes, kind: str) -> dict[str, Any]:
    runtime = boto3.client("sagemaker-runtime")
    try:
        answer = runtime.invoke_endpoint(
            EndpointName=os.environ["ENDPOINT_NAME"],
            ContentType=kind,
            Accept="application/json",
            Body=film,
        )
    except ClientError as error:
        return _from_endpoint(error)
    except BotoCoreError:
        return _answer(502, "The endpoint does not answer: try again later.")
    return _response(200, answer["Body"].read().decode("utf-8"))


def _from_endpoint(error: ClientError) -> dict[str, Any]:
    """Pass on what the container said of a film; of failures that are ours say only that."""
    status = error.response.get("OriginalStatusCode", 0)
    if 400 <= status < 500:
        return _response(status, error.response.get("OriginalMessage", "{}"))
    if error.response.get("Error", {}).get("Code") == "ThrottlingException":
        return _answer(429, "Too many requests: try again in a minute.")
    return _answer(502, "The endpoint does not answer: try again later.")


def _method(event: dict[str, Any]) -> str:
    asked = event.get("requestContext", {}).get("http", event)  # 2.0, else 1.0
    return asked.get("method") or asked.get("httpMethod") or ""


def _content_type(event: dict[str, Any]) -> str:
    headers = event.get("headers") or {}
    found = [value for name, value in headers.items() if name.lower() == "content-type"]
    return (found[0] if found else "").partition(";")[0].strip().lower()


def _body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body, validate=True)
    return body.encode("utf-8")


def _answer(status: int, sentence: str) -> dict[str, Any]:
    return _response(status, json.dumps({"detail": sentence}))


def _response(status: int, body: str) -> dict[str, Any]:
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    headers |= _for_the_page()
    return {"statusCode": status, "headers": headers, "isBase64Encoded": False, "body": body}


def _for_the_page() -> dict[str, str]:
    """What a browser wants to read before client.html, and no other page, may call (CORS)."""
    origin = os.environ.get("PAGE_ORIGIN")
    if not origin:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type,x-api-key",
        "Access-Control-Max-Age": "600",
    }
