"""SageMaker: the archive, the calls against moto's server, and what is refused before them."""

import tarfile
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from helpers.app.sagemaker import (
    EndpointPlan,
    archive_contents,
    deploy,
    pack_model,
    remove,
    upload_archive,
)
from helpers.core.errors import MissingInputError, SuiteError, UsageError
from helpers.core.runs import Run
from helpers.model.predictor import Predictor
from tests.serving import make_run

ROLE = "arn:aws:iam::123456789012:role/notebooks"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/chest-films:1"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("served"))


@pytest.fixture
def run(served: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CXR_OUTPUTS", str(served))
    return Run("small")


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch):
    """moto's server in the place of AWS."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    yield boto3.client("sagemaker")
    server.stop()


def plan(**changes) -> EndpointPlan:
    values = {"name": "chest-films", "image": IMAGE, "role": ROLE, "instance_type": "ml.m5.large"}
    return EndpointPlan(**(values | {"archive": "s3://films/runs/small/model.tar.gz"} | changes))


def test_the_archive_holds_what_the_container_reads_and_no_patients(run: Run, tmp_path) -> None:
    archive = pack_model(run)
    assert archive_contents(archive)[:3] == [
        "model/model.tflite",
        "model/labels.json",
        "model/preprocessing.json",
    ]
    assert not set(archive_contents(archive)) & {"splits.csv", "predictions.csv", "manifest.csv"}
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "model", filter="data")
    assert Predictor.load(tmp_path / "model").classes == Predictor.load(run.folder).classes


def test_the_same_model_gives_the_same_bytes(run: Run) -> None:
    assert pack_model(run).read_bytes() == pack_model(run).read_bytes()


def test_a_run_without_model_names_the_notebook(run: Run) -> None:
    with pytest.raises(MissingInputError, match="04_train"):
        pack_model(Run("begun"))


def test_a_dry_run_tells_every_call_and_makes_none(amazon) -> None:
    lines = list(deploy(plan()))
    calls = ["create_model", "create_endpoint_config", "create_endpoint"]
    assert [line.split()[2].rstrip(":") for line in lines] == calls
    assert "InstanceType=ml.m5.large" in lines[1]
    assert ROLE in lines[0]
    assert amazon.list_models()["Models"] == []
    assert len(list(remove("chest-films"))) == 3


def test_an_endpoint_is_made_and_removed_without_a_trace(run: Run, amazon) -> None:
    boto3.client("s3").create_bucket(
        Bucket="films", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    pack_model(run)
    address = upload_archive(run, "films", "runs")
    assert address == "s3://films/runs/small/model.tar.gz"
    assert len(list(deploy(plan(archive=address), dry_run=False))) == 3
    made = amazon.describe_endpoint(EndpointName="chest-films")
    config = amazon.describe_endpoint_config(EndpointConfigName=made["EndpointConfigName"])
    assert config["ProductionVariants"][0]["InstanceType"] == "ml.m5.large"
    model = amazon.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert model["PrimaryContainer"]["ModelDataUrl"] == address
    assert model["ExecutionRoleArn"] == ROLE

    assert len(list(remove("chest-films", dry_run=False))) == 3
    assert amazon.list_endpoints()["Endpoints"] == []
    assert amazon.list_endpoint_configs()["EndpointConfigs"] == []
    assert amazon.list_models()["Models"] == []
    again = list(remove("chest-films", dry_run=False))
    assert all("there is no chest-films" in line for line in again)


def test_what_was_made_before_a_failure_is_removed(amazon, monkeypatch) -> None:
    broken = EndpointPlan.calls(plan())
    broken[1][1]["ProductionVariants"] = "not a list"
    monkeypatch.setattr(EndpointPlan, "calls", lambda self: broken)
    with pytest.raises(SuiteError, match="SageMaker refused"):
        list(deploy(plan(), dry_run=False))
    assert amazon.list_models()["Models"] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "two words"}, "endpoint_name"),
        ({"role": ""}, "execution_role"),
        ({"role": "admin"}, "execution_role"),
        ({"image": ""}, "container_image"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_before_any_call(change: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        list(deploy(plan(**change), dry_run=False))


def test_the_embedded_store_is_out_of_sagemakers_reach() -> None:
    with pytest.raises(SuiteError, match="embedded store"):
        list(deploy(plan(), dry_run=False))
