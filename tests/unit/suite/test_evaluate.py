"""`cxr evaluate`: films from elsewhere mapped, known ones left out, every object counted."""

import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from helpers.core.runs import Run
from helpers.data import storage
from helpers.data.duplicates import fingerprint
from helpers.data.images import decode_film
from helpers.data.phantoms import write_collection
from helpers.data.staging import stage_folder
from helpers.model.external import describe_collection
from helpers.suite.external import evaluate_collection, file_name, settings_of

CLASSES = ["COVID-19", "No finding", "Pneumonia"]


@pytest.fixture(scope="module")
def collections(tmp_path_factory) -> Path:
    """Generated films: `home`, which the run holds, and `elsewhere`."""
    folder = tmp_path_factory.mktemp("collections")
    write_collection(folder / "home", 20, 0)
    write_collection(folder / "elsewhere", 40, 5)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory, collections: Path) -> Path:
    """An outputs folder with the run `judged`: an untrained network and the films of `home`."""
    from helpers.model.architectures import build
    from helpers.model.light import export_light

    outputs = tmp_path_factory.mktemp("outputs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXR_OUTPUTS", str(outputs))
        run = Run("judged")
        export_light(build("ten_conv_cnn", CLASSES, 32), run.path("model"), CLASSES, {})
        parameters = {"run": "judged", "classes": CLASSES, "resamples": 200}
        run.path("params.yml").write_text(yaml.safe_dump(parameters))
        settings = settings_of(run, tuple(CLASSES))
        place = collections / "home"
        keys = [path.relative_to(place).as_posix() for path in sorted(place.rglob("*.png"))]
        metadata = pd.read_csv(place / "metadata.csv", dtype="string")
        manifest, _ = describe_collection(keys, metadata, settings)
        used = manifest["status"] == "used"
        films = [place / key for key in manifest.loc[used, "key"]]
        sha256 = [hashlib.sha256(film.read_bytes()).hexdigest() for film in films]
        manifest["sha256"] = pd.Series(sha256, manifest.index[used], dtype="string")
        run.write_table("manifest.csv", manifest)
        prints = [fingerprint(decode_film(film.read_bytes()).pixels) for film in films]
        np.save(run.path("fingerprints.npy"), np.stack(prints))
    return outputs


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CXR_OUTPUTS", str(home))
    return Run("judged")


@pytest.fixture
def folders(collections: Path, tmp_path: Path) -> Path:
    """The films from elsewhere in class folders, without metadata."""
    shutil.copytree(collections / "elsewhere" / "images", tmp_path / "folders")
    return tmp_path / "folders"


def used_film(run: Run, collections: Path, place: int = 0) -> Path:
    manifest = run.read_table("manifest.csv")
    return collections / "home" / manifest.loc[manifest["status"] == "used", "key"].iloc[place]


def counts(report: dict) -> dict[str, int]:
    return {row["reason"] or row["status"]: row["objects"] for row in report["counts"]}


def test_class_folders_are_mapped_and_every_object_is_counted(run, folders):
    (folders / "Tuberculosis").mkdir()
    film = next(folders.rglob("*.png"))
    shutil.copy(film, folders / "Tuberculosis" / "one.png")
    (folders / "letter.txt").write_text("Dear colleague")
    (folders / "Pneumonia" / "broken.png").write_text("no film")
    report = evaluate_collection(run, str(folders))
    mapping = {row["finding"]: row["label"] for row in report["mapping"]}
    assert mapping["Tuberculosis"] is None
    assert {mapping[name] for name in mapping if name != "Tuberculosis"} == set(CLASSES)
    found = counts(report)
    listed = found.pop("all listed")
    assert listed == sum(found.values()) == len([p for p in folders.rglob("*") if p.is_file()])
    assert found["finding Tuberculosis is in no class"] == 1
    assert found["not an image file"] == 1
    assert any(reason.startswith("unreadable") for reason in found)
    assert report["scores"]["n"] == found["used"]


def test_films_of_the_run_are_left_out_by_bytes_and_by_pixels(run, folders, collections):
    before = counts(evaluate_collection(run, str(folders)))["used"]
    first, second = used_film(run, collections), used_film(run, collections, 1)
    shutil.copy(first, folders / "Pneumonia" / "renamed.png")
    pixels = cv2.imread(str(second), cv2.IMREAD_GRAYSCALE)
    small = cv2.resize(pixels, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(folders / "Pneumonia" / "rescaled.jpg"), small)
    found = counts(evaluate_collection(run, str(folders)))
    assert found["in the run: the same bytes"] == 1
    assert found["in the run: the same pixels"] == 1
    assert found["used"] == before


def test_a_mere_namesake_is_scored(run, folders, collections):
    before = counts(evaluate_collection(run, str(folders)))["used"]
    other = next(folders.rglob("*.png"))
    namesake = folders / "Pneumonia" / used_film(run, collections).name
    if not namesake.exists():
        cv2.imwrite(str(namesake), 255 - cv2.imread(str(other), cv2.IMREAD_GRAYSCALE)[::-1])
        before += 1
    assert counts(evaluate_collection(run, str(folders)))["used"] == before


def test_metadata_beside_the_films_names_findings_and_patients(run, collections):
    report = evaluate_collection(run, str(collections / "elsewhere"))
    assert report["scores"]["patients"] < report["scores"]["n"]
    assert "mask, not a film" in counts(report)
    groups = {row["kind"] for row in report["subgroups"]}
    assert groups == {"source", "view", "sex", "age band"}


def test_other_films_of_a_known_films_patient_are_left_out(run, folders, collections, tmp_path):
    shutil.copy(used_film(run, collections), folders / "known.png")
    names = sorted(path.name for path in folders.rglob("*.png"))[:12]
    rows = pd.DataFrame({"filename": ["known.png", *names], "finding": "Pneumonia"})
    rows["patientid"] = ["7", "7", "7", *(str(number + 8) for number in range(len(names) - 2))]
    rows.to_csv(tmp_path / "given.csv", index=False)
    found = counts(evaluate_collection(run, str(folders), str(tmp_path / "given.csv")))
    assert found["in the run: the same bytes"] == 1
    assert found["in the run: another film of this patient"] == 2


def test_the_result_is_written_into_the_run(run, folders):
    report = evaluate_collection(run, str(folders))
    assert run.read_json("external/folders.json") == json.loads(json.dumps(report))
    table = run.read_table("external/folders.csv")
    scored = table[table["status"] == "used"]
    assert len(table) == counts(report)["all listed"]
    assert scored[[f"p_{name}" for name in CLASSES]].sum(axis=1).to_numpy() == pytest.approx(
        1, abs=1e-4
    )


def test_films_in_a_store_score_as_those_in_a_folder(run, folders):
    storage.ensure_bucket("elsewhere")
    stage_folder(folders, "elsewhere", "films/folders")
    try:
        there = evaluate_collection(run, "s3://elsewhere/films/folders")
    finally:
        from helpers.data import local_s3

        local_s3.stop()
    here = evaluate_collection(run, str(folders))
    assert there["scores"] == here["scores"]
    assert counts(there) == counts(here)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("/data/Some Films/", "Some_Films"),
        ("s3://bucket/a/b/", "b"),
        ("s3://bucket", "bucket"),
        ("s3://b/../..", "collection"),
        ("x" * 200, "x" * 60),
    ],
)
def test_the_result_has_a_plain_file_name(place, name):
    assert file_name(place) == name


def test_the_command_prints_mapping_counts_scores_and_notice(cxr, home, folders):
    result = cxr("evaluate", "--run", "judged", "--data", str(folders), CXR_OUTPUTS=str(home))
    assert result.returncode == 0, result.stderr
    for words in ("class here", "all listed", "balanced_accuracy", "95 % interval", "never a diag"):
        assert words in result.stdout
    options = ("--run", "judged", "--data", str(folders), "--json")
    result = cxr("evaluate", *options, CXR_OUTPUTS=str(home))
    assert json.loads(result.stdout)["run"] == "judged"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--run", "juged", "--data", "."], 2, "did you mean 'judged'?"),
        (["--run", "judged", "--data", "nowhere"], 2, "nowhere: there is no such file or folder"),
        (["--run", "judged", "--data", "docs-only"], 1, "no film is left to score"),
        (
            ["--run", "judged", "--data", "docs-only", "--metadata", "docs-only/a.txt"],
            1,
            "filename",
        ),
        (["--run", "../x", "--data", "."], 2, "is not a run name"),
    ],
)
def test_bad_input_is_one_sentence(cxr, home, tmp_path, words, code, sentence):
    (tmp_path / "docs-only").mkdir()
    (tmp_path / "docs-only" / "a.txt").write_text("finding\nPneumonia\n")
    words = [str(tmp_path / word) if word.startswith("docs-only") else word for word in words]
    result = cxr("evaluate", *words, CXR_OUTPUTS=str(home))
    assert result.returncode == code
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
