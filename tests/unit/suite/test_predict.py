"""`cxr predict` as a user types it: lines, exit codes, saliency pictures, and a store."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.data import storage
from tests.dask_cluster import started

CLASSES = ["COVID-19", "No finding", "Pneumonia"]
FIELDS = {"file", "accepted", "reason", "label", "probabilities", "confidence", "stamp"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An outputs folder with the run `small`, and `begun`, which has no model yet."""
    from helpers.model.architectures import build
    from helpers.model.light import export_light

    outputs = tmp_path_factory.mktemp("outputs")
    (outputs / "begun").mkdir()
    export_light(build("ten_conv_cnn", CLASSES, 32), outputs / "small/model", CLASSES, {})
    return outputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two films, one of them in a subfolder, and a text that only claims to be one."""
    films = np.random.default_rng(0).integers(0, 256, (2, 40, 50)).astype(np.uint8)
    (tmp_path / "films/more").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "films/a.png"), films[0])
    cv2.imwrite(str(tmp_path / "films/more/b ;c.png"), films[1])
    (tmp_path / "films/letter.png").write_text("Dear colleague")
    return tmp_path / "films"


def test_one_json_line_a_film_and_a_bad_one_stops_nothing(cxr, home: Path, folder: Path) -> None:
    result = cxr("predict", str(folder), "--run", "small", "--json", CXR_OUTPUTS=str(home))
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 0
    assert [Path(line["file"]).name for line in lines] == ["a.png", "letter.png", "b ;c.png"]
    assert [line["accepted"] for line in lines] == [True, False, True]
    assert all(set(line) >= FIELDS | {"milliseconds"} for line in lines)
    assert "2 accepted, 1 turned away; run small, not audited." in result.stderr
    assert "never a diagnosis" in result.stderr


def test_without_json_each_film_is_a_readable_line(cxr, home: Path, folder: Path) -> None:
    result = cxr("predict", str(folder / "a.png"), "--run", "small", CXR_OUTPUTS=str(home))
    assert result.returncode == 0
    assert result.stdout.startswith(f"{folder}/a.png: ")
    assert all(name in result.stdout for name in CLASSES)


def test_the_lines_are_the_same_wherever_films_are_predicted(
    cxr, home: Path, folder: Path, tmp_path: Path
) -> None:
    words = ("predict", str(folder), "--run", "small", "--json")
    with started(tmp_path, workers=2) as cluster:
        places = ((), ("--executor", "2"), ("--executor", cluster.address))
        said = [cxr(*words, *place, CXR_OUTPUTS=str(home)) for place in places]
    lines = [[json.loads(line) for line in result.stdout.splitlines()] for result in said]
    for line in (line for found in lines for line in found):
        del line["milliseconds"]
    assert len(lines[0]) == 3
    assert lines[0] == lines[1] == lines[2]


def test_exit_1_when_no_film_was_accepted(cxr, home: Path, folder: Path) -> None:
    result = cxr("predict", str(folder / "letter.png"), "--run", "small", CXR_OUTPUTS=str(home))
    assert result.returncode == 1
    assert "not a picture" in result.stdout


def test_a_run_without_model_names_the_notebook(cxr, home: Path, folder: Path) -> None:
    result = cxr("predict", str(folder), "--run", "begun", CXR_OUTPUTS=str(home))
    assert (result.returncode, result.stdout) == (1, "")
    assert "run 04_train first" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("/nowhere/at/all", "--run", "small"), "no such file or folder"),
        ((".", "--run", "smal"), "did you mean 'small'"),
        ((".", "--run", "../small"), "not a run name"),
        (("s3://", "--run", "small"), "s3://"),
        ((".",), "--run"),
        ((".", "--run", "small", "--saliency", "/dev/null/x"), "--saliency"),
        ((".", "--run", "small", "--executor", "dask:/lab"), "dask://10.0.0.5:8786"),
    ],
)
def test_exit_2_for_wrong_usage(cxr, home: Path, words: tuple[str, ...], said: str) -> None:
    result = cxr("predict", *words, CXR_OUTPUTS=str(home))
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("place", [(), ("--executor", "1")])
def test_saliency_pictures_stay_in_their_folder(
    cxr, home: Path, folder: Path, tmp_path: Path, place: tuple[str, ...]
) -> None:
    maps = tmp_path / "maps"
    words = ("predict", str(folder), "--run", "small", "--saliency", str(maps), *place)
    assert cxr(*words, CXR_OUTPUTS=str(home)).returncode == 0
    assert sorted(path.name for path in maps.iterdir()) == ["000001_a.png", "000003_b_c.png"]
    assert cv2.imread(str(maps / "000001_a.png")).shape == (40, 50, 3)


def test_films_of_a_store(cxr, home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXR_OUTPUTS", str(home))
    storage.ensure_bucket("films")
    storage.put("films", "day/a.png", (folder / "a.png").read_bytes())
    try:
        result = cxr("predict", "s3://films/day", "--run", "small", "--json", CXR_OUTPUTS=str(home))
    finally:
        cxr("store", "stop", CXR_OUTPUTS=str(home))
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["file"] == "s3://films/day/a.png"
