"""Recipes side by side: every film tested once, no patient in two splits, nothing trained twice."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from helpers.core.errors import MissingInputError, UsageError
from helpers.core.runs import PROJECT, Run
from helpers.data.duplicates import fingerprint
from helpers.data.library import FilmLibrary
from helpers.model import weights
from helpers.suite import compare, comparison
from helpers.suite.commands import compare as command
from helpers.suite.compare import Job, is_done, jobs, recipe, recipe_names, run_job

RECIPE = {
    "architecture": "parallel_kernel_cnn",
    "image_size": 16,
    "epochs": 1,
    "folds": 2,
    "best_by": "last_epoch",
    "deterministic": True,
}
WORDS = ["Covid-19", "No_findings", "Pneumonia"]
CLASSES = ["COVID-19", "No finding", "Pneumonia"]


@pytest.fixture
def run(tmp_path, monkeypatch) -> Run:
    """A run of 24 films of 12 patients, as 01_ingest and 03_preprocess leave it."""
    monkeypatch.setenv("CXR_OUTPUTS", str(tmp_path / "outputs"))
    recipes = tmp_path / "systems"
    recipes.mkdir()
    for name, rate in (("one", 0.001), ("two", 0.01)):
        (recipes / f"{name}.yml").write_text(yaml.safe_dump(RECIPE | {"learning_rate": rate}))
    binary = {
        "classes": ["negative", "positive"],
        "class_map": {"Covid-19": "positive", "No_findings": "negative"},
    }
    (recipes / "binary.yml").write_text(yaml.safe_dump(RECIPE | binary))
    monkeypatch.setattr(compare, "RECIPES", recipes)
    monkeypatch.setattr(comparison, "STORED", tmp_path / "results")
    return made_run()


def made_run() -> Run:
    generator, library, rows, prints = np.random.default_rng(0), FilmLibrary(), [], []
    for number in range(24):
        code = number % 3
        pixels = generator.integers(0, 60, (32, 32), dtype=np.uint8)
        pixels[10 * code : 10 * code + 12] += 150
        digest = library.add(cv2.imencode(".png", pixels)[1].tobytes())
        prints.append(fingerprint(pixels))
        rows.append(
            {
                "key": f"c/{WORDS[code]}/{number}.png",
                "sha256": digest,
                "bytes": 1,
                "label": CLASSES[code],
                "finding": WORDS[code],
                "patient_id": f"p{number // 6 * 3 + code}",
                "status": "used",
            }
        )
    run = Run("films")
    run.write_table("manifest.csv", pd.DataFrame(rows))
    run.path("params.yml").write_text(
        yaml.safe_dump({"classes": CLASSES, "class_map": dict(zip(WORDS, CLASSES, strict=True))})
    )
    np.save(run.path("fingerprints.npy"), np.stack(prints))
    return run


def test_every_shipped_recipe_is_a_complete_parameter_file():
    assert {"A", "B", "C", "D", "E", "darkcovidnet"} <= set(recipe_names())
    for name in recipe_names():
        settings = recipe(name)
        assert settings.prefix == "ozturk" and len(settings.classes) >= 2


def test_an_unknown_recipe_suggests_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'darkcovidnet'"):
        recipe("darkcovid")


def test_first_folds_come_first():
    order = [(job.system, job.fold) for job in jobs(["a", "b"], ["run"], ["patient"], range(2))]
    assert order == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_two_recipes_in_one_table(run):
    for job in jobs(["one", "two"], ["run"], ["patient"], range(2)):
        assert not is_done(job, run)
        assert run_job(job, run)
        assert is_done(job, run)
        assert not job.folder(run).joinpath("checkpoints").exists()
    folds = comparison.read_folds(run, "one", "run", "patient")
    tested = [film for fold in folds for film in fold["films"]]
    assert len(tested) == len(set(tested)) == 24
    assert not set(folds[0]["groups"]) & set(folds[1]["groups"])

    summary = comparison.summarise(run, ["one", "two"])
    first = next(row for row in summary["rows"] if row["system"] == "one")
    assert first["films"] == 24 and first["patients"] == 12 and first["folds"] == [0, 1]
    assert 0 <= first["scores"]["macro_f1"]["value"] <= 1
    assert len(first["by_fold"]["accuracy"]) == 2
    assert first["seconds_per_epoch"] == min(fold["seconds_per_epoch"] for fold in folds)
    assert first["milliseconds_per_film"] == min(fold["milliseconds_per_film"] for fold in folds)
    better, other = summary["rows"]
    (pair,) = summary["differences"]
    assert (pair["first"], pair["second"]) == (better["system"], other["system"])
    more, less = (row["scores"]["macro_f1"]["value"] for row in (better, other))
    assert more >= less
    assert pair["differences"]["macro_f1"]["value"] == pytest.approx(more - less)


def test_another_recipe_of_the_same_name_is_trained_again(run):
    job = Job("one", "run", "patient", 0)
    run_job(job, run)
    path = compare.RECIPES / "one.yml"
    path.write_text(path.read_text().replace("0.001", "0.002"))
    assert not is_done(job, run)


def test_a_damaged_result_is_not_done(run):
    job = Job("one", "run", "patient", 0)
    job.result(run).parent.mkdir(parents=True)
    job.result(run).write_text('{"fingerprint": ')
    assert not is_done(job, run)


def test_a_recipe_s_own_task_uses_its_own_classes_and_leaves_the_other_films_out(run):
    job = Job("binary", "own", "image", 0)
    run_job(job, run)
    result = json.loads(job.result(run).read_text())
    assert result["classes"] == ["negative", "positive"]
    assert len(result["films"]) == 8 and not any("Pneumonia" in film for film in result["films"])


def test_out_of_time_a_fold_goes_on_later(run):
    path = compare.RECIPES / "one.yml"
    path.write_text(path.read_text().replace("epochs: 1", "epochs: 400"))
    job = Job("one", "run", "patient", 0)
    assert not run_job(job, run, minutes=0.2)
    assert not is_done(job, run)
    assert list(job.folder(run).glob("checkpoints/epoch_*.npz"))


def test_the_stored_summary_names_no_film_and_how_to_make_it_again(run):
    run_job(Job("one", "run", "patient", 0), run)
    summary = comparison.summarise(run, ["one"])
    path = comparison.store(summary)
    text = path.read_text()
    assert (
        "cxr compare --run films --protocol" in text
        and ".png" not in text
        and str(PROJECT) not in text
    )
    assert comparison.read_stored("films")["rows"] == summary["rows"]
    table = comparison.side_by_side(summary, comparison.read_claims())
    assert "1 of 2 folds" in table.loc[("one", 3), "accuracy by patient"]
    assert table.loc[("one", 3), "on"] == summary["rows"][0]["host"]
    assert table.loc[("A", 2), "accuracy by patient"] == table.loc[("A", 2), "on"] == "-"


def test_two_and_three_classes_stand_in_rows_of_their_own(run):
    for job in (Job("binary", "own", "image", 0), Job("binary", "run", "patient", 0)):
        run_job(job, run)
    table = comparison.side_by_side(comparison.summarise(run, ["binary"]), {})
    assert table.loc[("binary", 2), "accuracy by patient"] == "-"
    assert table.loc[("binary", 2), "accuracy by image"] != "-"
    assert table.loc[("binary", 3), "accuracy by patient"] != "-"


def test_a_fold_of_an_older_recipe_is_not_counted(run):
    run_job(Job("one", "run", "patient", 0), run)
    path = compare.RECIPES / "one.yml"
    path.write_text(path.read_text().replace("0.001", "0.002"))
    assert comparison.summarise(run, ["one"])["rows"] == []


def test_the_command_trains_goes_on_and_leaves_out_what_has_no_weights(run, monkeypatch, capsys):
    monkeypatch.setattr(weights, "_ADDRESS", "http://127.0.0.1:9/")
    frozen = RECIPE | {
        "architecture": "mobilenet_v3_small",
        "image_size": 32,
        "weights": "imagenet",
    }
    (compare.RECIPES / "frozen.yml").write_text(yaml.safe_dump(frozen))
    run.path("splits.csv").write_text("key\n")
    command.compare(["frozen", "one"], run=run.name, fold=[0], store=True)
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "frozen: not run. The ImageNet weights of MobileNetV3Small are not on this machine" in said
    )
    assert "one, run classes, by patient, fold 0: done" in said
    assert [row["system"] for row in comparison.read_stored(run.name)["rows"]] == ["one"]
    command.compare(["one"], run=run.name, task=["run", "own"], fold=[0])
    assert "done before" in capsys.readouterr().out


def test_without_a_stored_summary_the_command_is_named(run):
    with pytest.raises(MissingInputError, match="cxr compare --run films --store"):
        comparison.read_stored("films")
