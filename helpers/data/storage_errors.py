"""What boto3's exceptions mean to a user: the sentence for each failure of a store."""

from botocore import exceptions as aws

from helpers.core.errors import SuiteError, UsageError
from helpers.data import local_s3

REFUSED = {
    "403",
    "AccessDenied",
    "ExpiredToken",
    "Forbidden",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
}
_DISK_FULL_WORDS = ("no space left", "quota exceeded", "file too large")


class MissingBucketError(SuiteError):
    """The bucket does not exist in the store in use."""


class EmptyPrefixError(SuiteError):
    """The bucket is there, but nothing lies under the prefix."""


class MissingObjectError(SuiteError):
    """One key is not there (any more) or may not be read, while the store itself answers."""


def explain(error: Exception, bucket: str, key: str, store: str) -> SuiteError:
    """The SuiteError for what boto3 raised on s3://bucket/key; no secret is ever in it."""
    code = error_code(error)
    if isinstance(error, aws.ClientError):
        return _explain_answer(error, code, bucket, key, store)
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError):
        return SuiteError(
            f"No credentials were found for {store}: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY; unset AWS_REGION and AWS_ENDPOINT_URL for the embedded store."
        )
    if isinstance(error, aws.HTTPClientError | aws.EndpointConnectionError):
        return SuiteError(
            f"{store} does not answer: check the network and AWS_ENDPOINT_URL, or unset "
            "AWS_ENDPOINT_URL for the embedded store (`cxr store start`)."
        )
    if isinstance(error, aws.ParamValidationError):
        return _bad_address(bucket, key)
    reason = " ".join(str(error).split())
    return SuiteError(f"{store} could not be used ({reason}); check the AWS settings.")


def _explain_answer(
    error: aws.ClientError, code: str, bucket: str, key: str, store: str
) -> SuiteError:
    """The sentence for a refusal that the store itself sent."""
    if code in ("NoSuchKey", "InvalidObjectState") or (code == "404" and key):
        return MissingObjectError(f"s3://{bucket}/{key} cannot be read from {store} ({code}).")
    if code in ("NoSuchBucket", "404"):
        return MissingBucketError(
            f"There is no bucket '{bucket}' in {store}: stage a folder with `cxr stage FOLDER "
            f"--bucket {bucket}`, make the bucket, or correct the parameter bucket."
        )
    if code == "InvalidBucketName":
        return _bad_address(bucket, key)
    if code in REFUSED:
        return SuiteError(
            f"{store} refused these credentials for the bucket '{bucket}' ({code}): check "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, and their rights."
        )
    if code == "InternalError" and _embedded_disk_is_full(store):
        return SuiteError(
            f"No space is left for the embedded store in {local_s3.buckets_folder()}: free some "
            "disk (`cxr clean` removes old runs) or point CXR_OUTPUTS to another disk."
        )
    message = error.response.get("Error", {}).get("Message", "")
    return SuiteError(
        f"{store} could not do {error.operation_name} on s3://{bucket}/{key} ({code} {message}); "
        "try again, and if it stays so ask the keeper of the store."
    )


def _bad_address(bucket: str, key: str) -> SuiteError:
    return UsageError(
        f"s3://{bucket}/{key} is not a usable address: a bucket has 3 to 63 small letters, digits "
        "and '-'."
    )


def error_code(error: Exception) -> str:
    """The store's error code (`NoSuchKey`, `404` …), or nothing."""
    answer = error.response if isinstance(error, aws.ClientError) else {}
    return str(answer.get("Error", {}).get("Code", ""))


def _embedded_disk_is_full(store: str) -> bool:
    """The server answers a bare InternalError; its log has the reason."""
    words = local_s3.last_words().lower()
    return store == "the embedded store" and any(full in words for full in _DISK_FULL_WORDS)
