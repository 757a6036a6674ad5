"""The parameters of a run: typed, flat, validated; the same name means the same in every notebook.

The defaults are the sample profile (`params/sample.yml`), because a notebook opened by hand runs
with them. No credential is a parameter: papermill writes parameters into the executed notebook.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from helpers.core.errors import UsageError

# The finding words of the generated collection, which are those of covid-chestxray.
GENERATED_CLASS_MAP = {
    "COVID-19": "COVID-19",
    "COVID-19, ARDS": "COVID-19",
    "No Finding": "No finding",
    "Pneumonia": "Pneumonia",
    "Streptococcus": "Pneumonia",
    "Klebsiella": "Pneumonia",
    "Legionella": "Pneumonia",
}
RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Parameters(BaseModel):
    """Everything a run can be told; see `params/*.yml` for complete examples."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    # The run and where its films come from
    run: str = Field("sample", description="name of the run folder under outputs/")
    bucket: str = Field("chest-films", min_length=3, max_length=63, description="S3 bucket")
    prefix: str = Field("sample", description="folder of the collection in the bucket")
    seed: int = Field(0, ge=0, lt=2**32, description="one seed for split, weights and resampling")
    generate_films: int = Field(
        480, ge=0, le=100_000, description="films to generate when the prefix is empty (0: none)"
    )
    shortcut_rate: float = Field(
        0.0, ge=0, le=1, description="how often a planted corner marker goes with COVID-19"
    )

    # Which films, and what they are called
    classes: list[str] = Field(["COVID-19", "No finding", "Pneumonia"], min_length=2)
    class_map: dict[str, str] = Field(
        GENERATED_CLASS_MAP, description="finding word (or folder name) -> class; '*' is the rest"
    )
    views: list[str] = Field(
        ["PA", "AP", "AP Supine"], description="views kept; a film of unknown view is kept too"
    )
    sources: dict[str, str] = Field(
        {}, description="finding word (or folder name) -> the collection those films come from"
    )
    patient_pattern: str | None = Field(
        None, description="regular expression; its first group in a file name is the patient"
    )
    patient_metadata: str | None = Field(
        None, description="s3:// address of a further metadata.csv that names the patients"
    )

    # Pixels and splits
    image_size: int = Field(48, ge=16, le=1024, description="side of the square network input")
    enhancement: Literal[
        "none", "histogram_equalization", "clahe", "gamma", "complement", "balance_contrast"
    ] = "none"
    split_by: Literal["patient", "image"] = Field(
        "patient", description="'image' repeats the mistake of the five systems, to measure it"
    )
    folds: int = Field(5, ge=2, le=20)
    test_fold: int = Field(0, ge=0, description="the fold held out as the test split")

    # Network and training
    architecture: str = Field("parallel_kernel_cnn", description="a name of the registry")
    head: str = Field("softmax", description="softmax, or a scikit-learn head on deep features")
    weights: str = Field("none", description="none, imagenet, run:NAME, a file or an s3:// address")
    epochs: int = Field(24, ge=1, le=1000)
    batch_size: int = Field(8, ge=1, le=1024)
    learning_rate: float = Field(3e-4, gt=0, le=1)
    time_budget_minutes: float | None = Field(
        None, gt=0, description="save and end cleanly after this long; the next run goes on"
    )
    deterministic: bool = Field(False, description="the same seed gives the same weights, slower")
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] = "adam"
    weight_decay: float = Field(1e-2, ge=0, le=1, description="of adamw only")
    schedule: Literal["constant", "cosine", "one_cycle"] = Field(
        "constant", description="how the learning rate changes over all epochs"
    )
    class_weights: bool = Field(False, description="every class weighs the same in the loss")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="part of each label spread evenly")
    mixup: float = Field(0.0, ge=0, le=10, description="Beta parameter of blends of two films")
    augment_flip: bool = Field(False, description="mirror half of the training films")
    augment_rotation: float = Field(0.0, ge=0, le=180, description="degrees either way")
    augment_shift: float = Field(0.0, ge=0, le=0.5, description="fraction of the side either way")
    augment_zoom: float = Field(0.0, ge=0, lt=1, description="fraction either way")
    augment_shear: float = Field(0.0, ge=0, le=45, description="degrees either way")
    augment_brightness: float = Field(
        0.0, ge=0, le=1, description="fraction of brightness and contrast either way"
    )
    best_by: Literal["val_loss", "val_accuracy", "val_macro_f1", "last_epoch"] = Field(
        "val_loss", description="which epoch's weights are kept"
    )
    patience: int | None = Field(
        None, ge=1, description="stop after so many epochs without a better one"
    )
    stop_at_accuracy: float | None = Field(
        None, gt=0, le=1, description="stop once the validation accuracy reaches this"
    )
    mirror_at_test: bool = Field(
        False, description="predict each film and its mirror image, and take the mean"
    )
    mixed_precision: bool = Field(
        False, description="half-precision arithmetic where GPU or CPU gain by it"
    )
    xla: bool = Field(False, description="compile the training step with XLA")
    tensorboard: bool = Field(False, description="write TensorBoard logs to model/logs")

    # Evaluation
    prevalence: float = Field(
        0.1, gt=0, lt=1, description="share of a class among the people to be examined (PPV, NPV)"
    )
    target_specificity: float = Field(
        0.9, gt=0, lt=1, description="specificity that the threshold must keep on validation"
    )
    resamples: int = Field(2000, ge=200, le=100_000, description="bootstrap draws of an interval")
    compare_with: str | None = Field(None, description="another run, for a paired test")

    # Prediction
    uncertain_below: float = Field(
        0.7, ge=0, le=1, description="a film of less confidence is shown as uncertain"
    )
    language: str = Field("en", description="language of the upload panel: en, es or hi")

    # Results
    results_prefix: str = Field("runs", description="folder of the bucket that 07_deploy writes to")
    endpoint_name: str = Field(
        "chest-films",
        pattern=r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$",
        description="SageMaker endpoint, its configuration and its model",
    )
    instance_type: str = Field(
        "ml.m5.large", pattern=r"^ml\.", description="machine behind the endpoint, paid by the hour"
    )
    execution_role: str = Field(
        "", description="ARN of the role in whose name SageMaker reads model and container"
    )
    container_image: str = Field("", description="address of the container's image in ECR")
    dry_run: bool = Field(True, description="07_deploy tells what it would make, and makes nothing")

    @field_validator("run")
    @classmethod
    def _run_is_a_plain_name(cls, value: str) -> str:
        if not RUN_NAME.fullmatch(value):
            raise ValueError(
                f"{value!r} is not a plain name (letters, digits, '.', '_', '-'; no path)"
            )
        return value

    @field_validator("prefix", "results_prefix")
    @classmethod
    def _prefix_is_relative(cls, value: str) -> str:
        if not value.strip("/") or any(
            part in ("", ".", "..") for part in value.strip("/").split("/")
        ):
            raise ValueError(f"{value!r} is not a plain folder in the bucket")
        return value.strip("/")

    @field_validator("patient_pattern")
    @classmethod
    def _pattern_has_a_group(cls, value: str | None) -> str | None:
        if value is None:
            return value
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"{value!r} is not a regular expression: {error}") from error
        if groups < 1:
            raise ValueError(f"{value!r} needs a group (...) around the patient's number")
        return value

    @model_validator(mode="after")
    def _parts_agree(self) -> "Parameters":
        # A notebook may declare `classes` alone; the default map then is none of its business.
        unknown = sorted(set(self.class_map.values()) - set(self.classes))
        if unknown and "class_map" in self.model_fields_set:
            raise ValueError(f"class_map names {unknown[0]!r}, which is not in classes")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes names a class twice")
        if self.test_fold >= self.folds:
            raise ValueError(f"test_fold {self.test_fold} must be below folds {self.folds}")
        return self


def nearest_name(name: str, names: Iterable[str]) -> str:
    """A hint such as `; did you mean 'epochs'?`, or nothing when no name is close."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean '{close[0]}'?" if close else ""


def check_parameters(values: Mapping[str, Any], where: str | Mapping[str, str]) -> Parameters:
    """Validate `values`; where each came from (a file, a notebook) stands first in the sentence.

    Raises UsageError with one sentence: the first thing wrong and how to mend it.
    """

    def place(name: str) -> str:
        return where if isinstance(where, str) else where.get(name, "parameters")

    for name in values:
        if name not in Parameters.model_fields:
            hint = nearest_name(str(name), Parameters.model_fields)
            hint = hint or "; docs/parameters.md lists them all"
            raise UsageError(f"{place(name)}: '{name}' is not a parameter{hint}")
    try:
        return Parameters(**values)
    except ValidationError as error:
        raise UsageError(_first_problem(error, place)) from error


def _first_problem(error: ValidationError, place: Callable[[str], str]) -> str:
    first = error.errors()[0]
    names = [str(part) for part in first["loc"]]
    message = first["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if not names:  # two parameters that do not fit each other
        return f"parameters: {message}"
    given = "" if repr(first["input"]) in message else f", not {first['input']!r}"
    return f"{place(names[0])}: {'.'.join(names)}: {message}{given}"


def load_parameters(
    files: Iterable[Path] = (), overrides: Mapping[str, Any] | None = None
) -> Parameters:
    """Merge parameter files, later ones winning, then `overrides`, and validate the result.

    Raises UsageError for a missing or unreadable file, an unknown name or a bad value.
    """
    merged: dict[str, Any] = {}
    where: dict[str, str] = {}
    for file in files:
        values = read_parameter_file(Path(file))
        merged |= values
        where |= dict.fromkeys(values, Path(file).name)
    merged |= overrides or {}
    where |= dict.fromkeys(overrides or {}, "--set")
    whole = check_parameters(merged, where).model_dump()
    return check_parameters(whole, where)  # now the defaults must fit the rest as well


def read_parameter_file(file: Path) -> dict[str, Any]:
    """The names and values of one YAML file (safe loading: no code in it is run)."""
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        profiles = {path.stem for path in file.parent.glob("*.yml")} - {"rubric"}
        known = ", ".join(sorted(profiles))
        raise UsageError(
            f"{file}: no such parameter file" + (f"; there are {known}" if known else "")
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{file}: not a readable YAML file ({reason})") from error
    if not isinstance(values, dict):
        raise UsageError(f"{file}: expected lines of the form 'name: value'")
    return values


def parse_override(text: str) -> tuple[str, Any]:
    """`NAME=VALUE` of the command line, the value read as YAML (`3`, `true`, `[PA, AP]`)."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise UsageError(f"--set {text}: expected NAME=VALUE, for example --set epochs=3")
    try:
        return name.strip(), yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(f"--set {text}: the value is not readable ({error})") from error
