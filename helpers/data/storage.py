"""S3 as the suite uses it: boto3 for objects, s3fs for files, every failure one sentence.

With AWS_ENDPOINT_URL, AWS_PROFILE, AWS_REGION or AWS_DEFAULT_REGION set, the standard AWS chain
decides where and with which credentials; otherwise the embedded store is used, started on demand.
"""

import contextlib
import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from botocore import exceptions as aws
from botocore.client import BaseClient
from botocore.config import Config

from helpers.core.errors import UsageError
from helpers.core.runs import replacing
from helpers.data import local_s3
from helpers.data.storage_errors import EmptyPrefixError, MissingBucketError, explain

if TYPE_CHECKING:
    import s3fs

CONNECTIONS = 32
FETCH_ATTEMPTS = 3
_CHAIN_VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
)
# A body that breaks off after the headers came is not retried by botocore itself.
_BROKEN_BODIES = (
    aws.IncompleteReadError,
    aws.ReadTimeoutError,
    aws.ResponseStreamingError,
)


@dataclass(frozen=True)
class StoredObject:
    """One object of a listing: its whole key, its bytes, its entity tag without quotes."""

    key: str
    size: int
    etag: str


@dataclass(frozen=True)
class Address:
    """A bucket and a key (empty: the whole bucket)."""

    bucket: str
    key: str


def parse_address(text: str) -> Address:
    """Split `s3://bucket/key`; UsageError for anything else."""
    parts = urlsplit(text)
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if parts.scheme != "s3" or not bucket:
        raise UsageError(f"{text!r} is not an S3 address: expected s3://BUCKET/KEY.")
    return Address(bucket, key)


def uses_embedded_store() -> bool:
    """Whether nothing in the environment points to another store."""
    return not any(os.environ.get(name) for name in _CHAIN_VARIABLES)


def endpoint_name() -> str:
    """Which store this is, in a word that stays the same when the embedded one changes its port."""
    if uses_embedded_store():
        return "embedded"
    address = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not address:
        return "Amazon S3"
    embedded = local_s3.find()
    if embedded and embedded.endpoint == address.rstrip("/"):
        return "embedded"
    return urlsplit(address).netloc.rpartition("@")[2]  # never a password


def client() -> BaseClient:
    """The boto3 client of the store in use; safe to share between threads."""
    store = local_s3.start() if uses_embedded_store() else None
    # Everything that decides which client it is, so a changed environment gets its own.
    chain = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
    return _client(store, () if store else chain)


@functools.lru_cache(maxsize=4)
def _client(store: local_s3.LocalStore | None, _chain: tuple) -> BaseClient:
    settings = Config(
        max_pool_connections=CONNECTIONS,
        retries={"mode": "standard", "max_attempts": 3},
        connect_timeout=5,
        read_timeout=60,
        # Other stores than Amazon's do not all know the newer checksum trailers.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    with plain_errors():
        if store is None:
            return boto3.Session().client("s3", config=settings)
        return boto3.Session().client(
            "s3",
            endpoint_url=store.endpoint,
            aws_access_key_id=store.access_key,
            aws_secret_access_key=store.secret_key,
            region_name=local_s3.REGION,
            config=settings.merge(Config(s3={"addressing_style": "path"})),
        )


def filesystem() -> "s3fs.S3FileSystem":
    """The same store as an fsspec file system, for pandas and friends (`s3://bucket/key`)."""
    import s3fs

    if not uses_embedded_store():
        return s3fs.S3FileSystem(use_listings_cache=False)
    store = local_s3.start()
    return s3fs.S3FileSystem(
        key=store.access_key,
        secret=store.secret_key,
        endpoint_url=store.endpoint,
        client_kwargs={"region_name": local_s3.REGION},
        use_listings_cache=False,
    )


def list_objects(bucket: str, prefix: str = "") -> Iterator[StoredObject]:
    """Every object under the folder `prefix`, page after page, in key order.

    Raises MissingBucketError, EmptyPrefixError (nothing there) or another SuiteError.
    """
    found = False
    with plain_errors(bucket, prefix):
        pages = client().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=folder_prefix(prefix)):
            for entry in page.get("Contents", []):
                if not entry["Key"].endswith("/"):  # a folder marker, not an object
                    found = True
                    yield StoredObject(entry["Key"], entry["Size"], entry["ETag"].strip('"'))
    if not found:
        raise EmptyPrefixError(
            f"There is no object under s3://{bucket}/{folder_prefix(prefix)} in {shown_store()}: "
            "stage a folder there with `cxr stage FOLDER`, or correct the parameters bucket and "
            "prefix."
        )


def has_objects(bucket: str, prefix: str = "") -> bool:
    """Whether anything lies under `prefix`; False as well where the bucket does not exist."""
    try:
        return next(list_objects(bucket, prefix), None) is not None
    except (MissingBucketError, EmptyPrefixError):
        return False


def folder_prefix(prefix: str) -> str:
    """`films` and `films/` both mean the folder `films/`, never `films2/` beside it."""
    return f"{prefix.strip('/')}/" if prefix.strip("/") else ""


def fetch(bucket: str, key: str, s3: BaseClient | None = None) -> bytes:
    """The bytes of one object; a transfer that breaks off is begun again.

    s3: a client to go on using, where thousands of objects are fetched.
    """
    with plain_errors(bucket, key):
        s3 = s3 or client()
        for attempt in range(1, FETCH_ATTEMPTS + 1):
            try:
                return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            except _BROKEN_BODIES:
                if attempt == FETCH_ATTEMPTS:
                    raise
    raise AssertionError("unreachable")


def put(bucket: str, key: str, data: bytes | IO[bytes], *, md5: str | None = None) -> str:
    """Store `data` (bytes or an open file) in one request and return its entity tag.

    md5: base64 of the data's MD5; the store then refuses what arrived damaged.
    """
    checked = {"ContentMD5": md5} if md5 else {}
    with plain_errors(bucket, key):
        answer = client().put_object(Bucket=bucket, Key=key, Body=data, **checked)
    return answer["ETag"].strip('"')


def upload(file: Path, bucket: str, key: str) -> None:
    """Send one file, in parts when it is large."""
    with plain_errors(bucket, key):
        client().upload_file(str(file), bucket, key)


def download(bucket: str, key: str, file: Path) -> Path:
    """Fetch one object into `file`; a broken transfer leaves no half file."""
    with replacing(file) as temporary, plain_errors(bucket, key):
        client().download_file(bucket, key, str(temporary))
    return file


def remove_folder(bucket: str, prefix: str) -> None:
    """Delete every object under the folder `prefix`; a folder that is not there is no fault.

    Raises UsageError for a prefix that is no folder: a whole bucket is never removed.
    """
    if not prefix.strip("/"):
        raise UsageError(f"All of bucket '{bucket}' is not removed: name a folder in it.")
    with contextlib.suppress(EmptyPrefixError, MissingBucketError), plain_errors(bucket, prefix):
        for item in list(list_objects(bucket, prefix)):
            client().delete_object(Bucket=bucket, Key=item.key)


def ensure_bucket(bucket: str) -> None:
    """Make the bucket in the embedded store; elsewhere it must exist (buckets cost and are public
    names there, so the owner makes them)."""
    with plain_errors(bucket):
        try:
            client().head_bucket(Bucket=bucket)
        except aws.ClientError as error:
            missing = error.response["ResponseMetadata"].get("HTTPStatusCode") == 404
            if not (missing and endpoint_name() == "embedded"):
                raise
            with contextlib.suppress(client().exceptions.BucketAlreadyExists):
                client().create_bucket(Bucket=bucket)


@contextlib.contextmanager
def plain_errors(bucket: str = "", key: str = "") -> Iterator[None]:
    """Turn what boto3 raises inside the block into one SuiteError sentence."""
    try:
        yield
    except (aws.BotoCoreError, aws.ClientError, boto3.exceptions.Boto3Error) as error:
        raise explain(error, bucket, key, shown_store()) from error


def shown_store() -> str:
    """The store's name as a sentence needs it."""
    name = endpoint_name()
    return "the embedded store" if name == "embedded" else name
