"""The shortcut audit flags a planted shortcut and leaves an honest collection alone."""

from collections.abc import Callable

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.core.errors import SuiteError
from helpers.data.phantoms import generate_collection
from helpers.model.audit.shortcuts import ShortcutAudit, audit_shortcuts, cramers_v


def small(films: np.ndarray) -> np.ndarray:
    """Films as a linear model reads them."""
    return np.stack([cv2.resize(f, (32, 32), interpolation=cv2.INTER_AREA) for f in films]).reshape(
        len(films), -1
    )


def trained(images: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A linear model stands for the network: it learns in a second and takes any shortcut."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    model.fit(small(images), labels)
    return lambda films: model.predict_proba(small(films))


def audit(
    images: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    masks: np.ndarray | None = None,
    sources: list | None = None,
) -> ShortcutAudit:
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    train, test = next(splitter.split(images, labels, groups))
    split = np.full(len(labels), "train")
    split[test] = "test"
    predict = trained(images[train], labels[train])
    classes = sorted(set(labels))
    return audit_shortcuts(
        predict, images, labels, groups, split, classes, masks=masks, sources=sources
    )


def generated(seed: int, rate: float, films: int = 300) -> tuple[np.ndarray, ...]:
    options = {"size": 64, "shortcut_rate": rate, "frontal_only": True}
    made = list(generate_collection(films, seed, **options))
    return (
        np.stack([phantom.pixels for phantom in made]),
        np.array([phantom.label for phantom in made]),
        np.array([phantom.metadata["patientid"] for phantom in made], dtype=str),
        np.stack([phantom.lung_mask for phantom in made]),
    )


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.prove) for seed in range(2, 10))]
)
def test_a_planted_marker_is_flagged_and_an_honest_collection_is_not(seed: int) -> None:
    honest = audit(*generated(seed, rate=0.0))
    assert honest.flagged == [], [f.sentence for f in honest.findings if f.verdict == "failed"]
    marked = audit(*generated(seed, rate=0.9))
    assert "class told from the border" in marked.flagged


@pytest.mark.films
def test_two_classes_from_two_collections_are_flagged(films) -> None:
    """Ozturk's COVID-19 and no-finding films come from different hospitals."""
    folders = {"Covid-19": "covid-chestxray", "No_findings": "NIH"}
    paths = [path for name in folders for path in sorted((films / "ozturk" / name).glob("*.jpg"))]
    read = (cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in paths)
    images = np.stack([cv2.resize(film, (64, 64), interpolation=cv2.INTER_AREA) for film in read])
    labels = np.array([path.parent.name for path in paths])
    metadata = pd.read_csv(films / "cohen/metadata.csv").drop_duplicates("filename")
    patient = dict(
        zip(metadata["filename"].str.rsplit(".", n=1).str[0], metadata["patientid"], strict=True)
    )
    groups = np.array([str(patient.get(path.stem, path.stem.split("_")[0])) for path in paths])
    found = audit(images, labels, groups, sources=[folders[label] for label in labels])
    assert {
        "lungs blacked out",
        "class told from the border",
        "source told from the border",
    } <= set(found.flagged)
    assert found.scores["lungs blacked out"]["value"] > 0.8


def noise(films: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    images = np.random.default_rng(seed).integers(0, 255, (films, 64, 64), dtype=np.uint8)
    labels = np.array(["negative", "positive"] * (films // 2))
    return images, labels, np.arange(films).astype(str)


def constant(films: np.ndarray) -> np.ndarray:
    return np.tile([0.3, 0.7], (len(films), 1))


CLASSES = ["negative", "positive"]


def test_constant_predictions_are_chance_not_a_failure() -> None:
    images, labels, groups = noise()
    found = audit_shortcuts(constant, images, labels, groups, ["test"] * 60, CLASSES)
    assert found.scores["lungs blacked out"]["value"] == 0.5
    assert found.flagged == []


def test_three_test_films_are_too_few_and_that_is_said() -> None:
    images, labels, groups = noise()
    split = ["test"] * 3 + ["train"] * 57
    found = audit_shortcuts(constant, images, labels, groups, split, CLASSES)
    untested = {f.name for f in found.findings if f.verdict == "not tested"}
    assert {"lungs blacked out", "corners covered", "source told from the border"} <= untested
    assert all("too few" in f.sentence for f in found.findings[:2])


def test_a_class_missing_from_the_test_split_is_left_out_of_the_score() -> None:
    images, labels, groups = noise()
    three = [*CLASSES, "other"]
    even = lambda films: np.full((len(films), 3), 1 / 3)  # noqa: E731
    found = audit_shortcuts(even, images, labels, groups, ["test"] * 60, three)
    assert found.scores["full film"]["value"] == 0.5
    assert np.isnan(found.scores["full film"]["by_class"]["other"])


def test_probabilities_that_are_no_numbers_are_refused() -> None:
    images, labels, groups = noise()
    broken = lambda films: np.full((len(films), 2), np.nan)  # noqa: E731
    with pytest.raises(SuiteError, match="not a number"):
        audit_shortcuts(broken, images, labels, groups, ["test"] * 60, CLASSES)


def test_a_source_that_has_nothing_to_do_with_the_class_is_no_shortcut() -> None:
    images, labels, groups = noise(120)
    sources = np.tile(["north", "north", "south", "south"], 30)
    images[sources == "south", :5] = 0  # the border tells the source
    split = np.where(np.arange(120) < 60, "train", "test")
    found = audit_shortcuts(constant, images, labels, groups, split, CLASSES, sources=sources)
    assert found.probes["source"].auroc > 0.9
    assert found.flagged == []


def test_cramers_v_measures_how_names_go_together() -> None:
    first = np.array(["a", "a", "b", "b"])
    assert cramers_v(first, first) == pytest.approx(1)
    assert cramers_v(first, np.array(["x", "y", "x", "y"])) == pytest.approx(0)
    assert cramers_v(first, np.array(["x"] * 4)) == 0
