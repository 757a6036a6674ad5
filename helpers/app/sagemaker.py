"""A run on SageMaker: the archive it expects, and an endpoint made and removed with boto3."""

import gzip
import io
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore import exceptions as aws

from helpers.app.deployment import release_files
from helpers.core.errors import SuiteError, UsageError
from helpers.core.runs import Run, replacing
from helpers.data import storage

ARCHIVE = "model.tar.gz"
LEFT_OUT = ("model/model.keras", "predictions.csv", "splits.csv")  # not needed, or of patients
NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


@dataclass(frozen=True)
class EndpointPlan:
    """An endpoint to be made.

    name: of the endpoint, its configuration and its model.
    image: the container in ECR; archive: s3:// address of model.tar.gz.
    role: ARN of the role in whose name SageMaker reads both.
    instance_type: the machine, paid by the hour while the endpoint exists.
    """

    name: str
    image: str
    role: str
    instance_type: str
    archive: str

    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """The three calls of boto3's SageMaker client, in their order."""
        container = {"Image": self.image, "ModelDataUrl": self.archive}
        variant = {
            "VariantName": "only",
            "ModelName": self.name,
            "InstanceType": self.instance_type,
            "InitialInstanceCount": 1,
        }
        return [
            (
                "create_model",
                {
                    "ModelName": self.name,
                    "PrimaryContainer": container,
                    "ExecutionRoleArn": self.role,
                },
            ),
            (
                "create_endpoint_config",
                {"EndpointConfigName": self.name, "ProductionVariants": [variant]},
            ),
            ("create_endpoint", {"EndpointName": self.name, "EndpointConfigName": self.name}),
        ]


def pack_model(run: Run) -> Path:
    """Write the run's model.tar.gz and return its path; the same model gives the same bytes.

    SageMaker unpacks it at /opt/ml/model, where the container reads it as a run of that name.
    Raises MissingInputError naming the notebook that makes what is missing.
    """
    names = [name for name in release_files(run) if name not in LEFT_OUT]
    with (
        replacing(run.path(ARCHIVE)) as temporary,
        temporary.open("wb") as file,
        # Without these two, gzip writes the file's name and the time of day into its header.
        gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in names:
            content = run.path(name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return run.path(ARCHIVE)


def archive_contents(path: Path) -> list[str]:
    """The names in an archive, in their order."""
    with tarfile.open(path) as archive:
        return archive.getnames()


def upload_archive(run: Run, bucket: str, prefix: str) -> str:
    """Send the run's model.tar.gz and return its s3:// address."""
    storage.ensure_bucket(bucket)
    key = f"{prefix}/{run.name}/{ARCHIVE}"
    storage.upload(run.require(ARCHIVE), bucket, key)
    return f"s3://{bucket}/{key}"


def deploy(plan: EndpointPlan, dry_run: bool = True) -> Iterator[str]:
    """Make the endpoint, a line for each step; a dry run says the same and calls nothing.

    Raises UsageError for a plan that SageMaker would refuse, SuiteError for what it answers; what
    was made before a failure is removed again.
    """
    if dry_run:
        for call, words in plan.calls():
            yield f"would call {call}: {_short(words)}"
        return
    _check(plan)
    client = _client()
    try:
        for call, words in plan.calls():
            getattr(client, call)(**words)
            yield f"{call}: {plan.name}"
    except (aws.ClientError, aws.BotoCoreError) as error:
        if "already exist" not in str(error):
            list(remove(plan.name, dry_run=False))
        raise SuiteError(f"SageMaker refused: {_reason(error)}") from error


def remove(name: str, dry_run: bool = True) -> Iterator[str]:
    """Remove an endpoint with its configuration and model; what is not there is said, no fault."""
    calls = (
        ("delete_endpoint", "EndpointName"),
        ("delete_endpoint_config", "EndpointConfigName"),
        ("delete_model", "ModelName"),
    )
    for call, word in calls:
        if dry_run:
            yield f"would call {call}: {name}"
            continue
        try:
            getattr(_client(), call)(**{word: name})
            yield f"{call}: {name}"
        except aws.ClientError as error:
            if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
                raise SuiteError(f"SageMaker refused: {_reason(error)}") from error
            yield f"{call}: there is no {name}"


def _check(plan: EndpointPlan) -> None:
    if not NAME.fullmatch(plan.name):
        raise UsageError(f"endpoint_name {plan.name!r}: use letters, digits and single hyphens.")
    if not ROLE.fullmatch(plan.role):
        raise UsageError(
            "execution_role must be the ARN of a role that SageMaker may take on, "
            "arn:aws:iam::ACCOUNT:role/NAME."
        )
    if not plan.image:
        raise UsageError("container_image must name the image in ECR: docs/serving.md says how.")
    if not plan.archive.startswith("s3://") or storage.endpoint_name() == "embedded":
        raise SuiteError(
            "SageMaker cannot read the embedded store: set AWS_PROFILE or AWS_REGION, and publish "
            "to a bucket of your account."
        )


def _client() -> Any:
    return boto3.client("sagemaker")


def _short(words: dict[str, Any]) -> str:
    """Arguments as `name=value, …`, with those of inner tables beside them."""
    parts = []
    for name, value in words.items():
        inner = value[0] if isinstance(value, list) else value
        parts.append(_short(inner) if isinstance(inner, dict) else f"{name}={inner or 'not set'}")
    return ", ".join(parts)


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith(".") else f"{text}."
