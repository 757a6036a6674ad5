"""A run with a small model, entries as the panel makes them, and the panel itself."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from helpers.app.widgets.session import Entry, Session
from helpers.model.prediction import Prediction

CLASSES = ["COVID-19", "No finding", "Pneumonia"]


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An outputs folder: `small` and `other` (of two classes) have models, `begun` has none."""
    from helpers.model.architectures import build
    from helpers.model.light import export_light

    outputs = tmp_path_factory.mktemp("outputs")
    export_light(build("ten_conv_cnn", CLASSES, 32), outputs / "small/model", CLASSES, {})
    two = ["negative", "positive"]
    export_light(build("ten_conv_cnn", two, 32), outputs / "other/model", two, {})
    (outputs / "begun").mkdir()
    return outputs


@pytest.fixture
def home(small_run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """That outputs folder as the one in use, and a user without JupyterLab settings."""
    monkeypatch.setenv("CXR_OUTPUTS", str(small_run))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    monkeypatch.delenv("SERVER_SOFTWARE", raising=False)
    return small_run


@pytest.fixture
def entry() -> Callable[..., Entry]:
    """`entry(1, "COVID-19", 0.83)` or `entry(2, None)` for a film turned away."""

    def make(number: int, label: str | None = "COVID-19", confidence: float = 0.83, **traits):
        rest = (1 - confidence) / 2
        shares = {name: confidence if name == label else rest for name in CLASSES}
        prediction = Prediction(
            file="secret-name.png",
            accepted=label is not None,
            reason=None if label else traits.pop("reason", "The file is empty."),
            label=label,
            probabilities=shares if label else {},
            confidence=confidence if label else None,
            stamp=traits.pop("stamp", "not audited"),
            milliseconds=3.2,
            notes=traits.pop("notes", ()),
            tags=traits.pop("tags", {}),
            film=np.full((90, 70), 40 * number, np.uint8) if label else None,
            saliency=np.random.default_rng(number).random((4, 4, 3)) if label else None,
        )
        name = traits.pop("name", f"Film {number}")
        return Session().add(number, name, prediction, traits.pop("calibrated", True))

    return make
