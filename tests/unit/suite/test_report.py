"""The papers of a run: every number from its files, nothing from outside, gaps said in words."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from helpers.core.errors import MissingInputError, SuiteError, UsageError
from helpers.core.runs import Run
from helpers.suite.report import write_report
from helpers.suite.report.answers import answer
from helpers.suite.report.checklists import CHECKLISTS, OPEN, TEMPLATES, fill_checklist
from helpers.suite.report.facts import read_facts
from helpers.suite.report.write import PAPERS, markdown_cell

CLASSES = ["COVID-19", "No finding"]
SPLITS = ["train", "train", "validation", "test", "test", "test"]
SETTINGS = {
    "run": "done",
    "bucket": "chest-films",
    "prefix": "sample",
    "seed": 7,
    "classes": CLASSES,
    "class_map": {"COVID-19": "COVID-19", "*": "No finding"},
    "views": ["PA", "AP"],
    "architecture": "ten_conv_cnn",
    "image_size": 64,
    "split_by": "patient",
    "folds": 5,
    "test_fold": 0,
    "epochs": 2,
    "best_by": "val_loss",
    "weights": "none",
    "class_weights": False,
}


def metric(value: float | None) -> dict:
    low, high = (None, None) if value is None else (value - 0.1, value + 0.1)
    return {"value": value, "low": low, "high": high, "n": 3}


def check(verdict: str) -> dict:
    """One check of the audits as run.json holds it."""
    numbers = {"value": 0.961, "limit": 0.75, "sentence": "It reads something else."}
    return {"name": "lungs blacked out", "verdict": verdict, **numbers}


def metrics() -> dict:
    by_class = {name: metric(0.625) for name in CLASSES}
    overall = {"accuracy": metric(0.731), "macro_f1": metric(0.5), "auroc": metric(0.8)}
    undefined = {"macro_precision": metric(None) | {"reason": "no film was called COVID-19"}}
    subgroup = {"kind": "sex", "group": "F", "n": 2, "patients": 2, "small": True}
    return {
        **{"split": "test", "n": 3, "patients": 3, "classes": CLASSES},
        **{"interval": "95% BCa bootstrap over patients, 300 resamples"},
        **{"notes": ["Only 3 patients are in the test split: read every score as a first hint."]},
        **overall,
        **undefined,
        **{"sensitivity": by_class, "specificity": by_class},
        "subgroups": [subgroup | {"accuracy": metric(0.5), "auroc": metric(None)}],
        "calibration": {"temperature": 1.37, "fitted_on": "validation"},
    }


@pytest.fixture
def new_run(outputs: Path) -> Callable[..., Run]:
    """Make a run folder of six films; `without` leaves files out."""

    def make(name: str = "done", *, source: str = "archive", without: tuple = (), **record) -> Run:
        run = Run(name)
        run.write_json("run.json", {"device": "CPU", "versions": {"python": "3.11.1"}, **record})
        run.write_json("metrics.json", metrics())
        keys = [f"sample/{number}.png" for number in range(6)]
        labels = CLASSES * 3
        manifest = pd.DataFrame({"key": keys, "label": labels, "finding": labels})
        manifest["sha256"] = [f"{number:064x}" for number in range(6)]
        manifest["patient_id"] = list("112345")
        manifest[["width", "height", "status", "reason"]] = 64, 64, "used", None
        manifest[["source", "licence"]] = source, "CC0"
        manifest.loc[0, "label"] = "No finding"
        run.write_table("manifest.csv", manifest)
        splits = pd.DataFrame({"key": keys, "split": SPLITS, "fold": 0, "group": 0})
        run.write_table("splits.csv", splits)
        predictions = splits[splits["split"] == "test"].drop(columns="group")
        predictions = predictions.assign(label=labels[3:], predicted="COVID-19")
        predictions[["p_COVID-19", "p_No finding"]] = 0.6, 0.4
        run.write_table("predictions.csv", predictions)
        history = {"epoch": [1, 2], "loss": [1, 0.8], "val_loss": [0.7, 0.9]}
        run.write_table("model/history.csv", pd.DataFrame(history))
        run.path("params.yml").write_text(yaml.safe_dump(SETTINGS | {"run": name}))
        for file in without:
            run.path(file).unlink()
        return run

    return make


def page_of(run: Run, *compare: str) -> str:
    write_report(run.name, compare)
    return run.path("report.html").read_text()


def test_all_papers_are_written(new_run) -> None:
    run = new_run()
    assert [path.name for path in write_report("done")] == list(PAPERS)
    for paper in PAPERS:
        assert "done" in run.path(paper).read_text()


def test_the_page_needs_nothing_from_outside(new_run) -> None:
    page = page_of(new_run())
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)=["'](?!data:image/png;base64,|#)""", page)
    assert not re.search(r"<script|<link|@import|url\(", page)


def test_every_picture_has_words_and_films_are_not_shown(new_run) -> None:
    page = page_of(new_run())
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) >= 7
    assert all(re.search(r'alt="[^"]{20,}"', one) for one in pictures)
    assert "film_grid" not in page


def test_numbers_come_from_the_runs_files(new_run) -> None:
    run = new_run()
    assert "0.73 (0.63–0.83)" in page_of(run)
    changed = metrics() | {"accuracy": metric(0.412)}
    run.write_json("metrics.json", changed)
    page = page_of(run)
    assert "0.41 (0.31–0.51)" in page
    assert "0.73 (0.63–0.83)" not in page


def test_an_undefined_score_says_why(new_run) -> None:
    assert "not defined: no film was called COVID-19" in page_of(new_run())


def test_words_of_a_collection_are_never_markup(new_run) -> None:
    run = new_run(source='<script>alert("x")</script>', audit={"findings": ["<b>|bold|</b>"]})
    page = page_of(run)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in page
    card = run.path("model_card.md").read_text()
    assert "<b>" not in card
    assert markdown_cell("a|b\n*c* <d>") == "a\\|b \\*c\\* &lt;d&gt;"


@pytest.mark.parametrize(
    ("audit", "said"),
    [
        ({}, "not made"),
        ({"checks": {"leakage": [check("passed")]}}, "not finished"),
        ({"passed": True, "checks": {"shortcuts": [check("passed")]}}, "passed"),
        ({"passed": False, "checks": {"shortcuts": [check("failed")]}}, "failed"),
    ],
)
def test_the_stamp_of_the_audits_stands_on_page_and_card(new_run, audit, said) -> None:
    failed = [one for one in audit.get("checks", {}).get("shortcuts", []) if said == "failed"]
    run = new_run(**({"audit": audit | {"findings": failed}} if audit else {}))
    page, card = page_of(run), run.path("model_card.md").read_text()
    for text in (page, card):
        assert f"Audits for leakage and shortcuts: {said}." in text
        assert ("lungs blacked out: It reads something else." in text) == (said == "failed")
    assert ("<td>0.961</td><td>0.75</td>" in page) == bool(audit)


@pytest.mark.parametrize(
    ("file", "maker"),
    [
        ("manifest.csv", "01_ingest"),
        ("splits.csv", "03_preprocess"),
        ("model/history.csv", "04_train"),
        ("metrics.json", "05_evaluate"),
        ("predictions.csv", "05_evaluate"),
        ("params.yml", ""),
    ],
)
def test_a_missing_part_is_said_and_the_rest_is_there(new_run, file, maker) -> None:
    page = page_of(new_run(without=(file,)))
    assert not maker or f"{file} is not there: {maker} has not finished" in page
    assert "CLAIM (2024)" in page


def test_a_run_that_has_only_begun_has_papers_too(new_run) -> None:
    everything = ("manifest.csv", "splits.csv", "model/history.csv", "metrics.json")
    page = page_of(new_run(without=(*everything, "predictions.csv", "params.yml")))
    assert "This run has no scores yet." in page
    assert page.count(OPEN) > 60


def test_a_run_that_is_not_there_is_one_sentence(new_run) -> None:
    new_run("done")
    with pytest.raises(MissingInputError, match="did you mean 'done'"):
        write_report("doen")
    with pytest.raises(UsageError, match="not a run name"):
        write_report("../done")


def test_a_damaged_file_is_one_sentence(new_run) -> None:
    new_run().path("metrics.json").write_text("{")
    with pytest.raises(SuiteError, match=r"metrics\.json is damaged.*05_evaluate"):
        write_report("done")


def test_runs_are_compared_with_a_word_on_their_films(new_run) -> None:
    run, other = new_run("done"), new_run("other")
    assert "All runs were tested on the same films." in page_of(run, "other")
    predictions = other.read_table("predictions.csv").iloc[:2]
    other.write_table("predictions.csv", predictions)
    page = page_of(run, "other")
    assert "tested on different films (2 in common)" in page
    assert '<th scope="col">other</th>' in page
    assert "Comparison" not in page_of(run)


def test_external_tests_and_gate_errors_are_shown(new_run) -> None:
    run = new_run()
    page = page_of(run)
    assert "No other collection was scored" in page
    assert "No gate was fitted" in page
    run.write_json("external/hospital.json", {"data": "s3://other/hospital", "scores": metrics()})
    errors = {
        "films of this run": {"n": 90, "accepted": 0.99},
        "chart": {"n": 40, "accepted": 0.025},
    }
    run.write_json("model/gate.json", {"errors": errors})
    page = page_of(run)
    assert "s3://other/hospital (3 films): accuracy 0.73 (0.63–0.83)" in page
    assert "99.0% of held-out films of this run pass; of other pictures at most 2.5% pass" in page


def test_checklists_have_every_item_once() -> None:
    lists = {
        name: [
            item["item"]
            for item in yaml.safe_load((TEMPLATES / f"{name}.yml").read_text())["items"]
        ]
        for name in CHECKLISTS
    }
    assert lists["claim"] == [str(number) for number in range(1, 45)]
    assert len(lists["tripod_ai"]) == len(set(lists["tripod_ai"])) == 52
    numbers = dict.fromkeys(re.match(r"\d+", item)[0] for item in lists["tripod_ai"])
    assert list(numbers) == [str(number) for number in range(1, 28)]


def test_checklists_are_answered_from_the_run_or_left_open(new_run) -> None:
    new_run()
    claim = {item.number: item.answer for item in fill_checklist("claim", read_facts("done")).items}
    assert "0 patients and 0 byte-identical films in more than one split" in claim["20"]
    assert "epoch 1 of 2" in claim["26"]
    assert "accuracy 0.73" in claim["37"]
    assert claim["44"] == ""


def test_patients_in_two_splits_are_counted_not_assumed(new_run) -> None:
    run = new_run()
    splits = run.read_table("splits.csv")
    splits.loc[1, "split"] = "test"
    run.write_table("splits.csv", splits)
    assert "1 patient and 0 byte-identical films" in answer("disjoint", read_facts("done"))


def test_the_command_writes_and_fails_in_one_sentence(new_run, cxr) -> None:
    run = new_run()
    done = cxr("report", "--run", "done")
    assert done.returncode == 0, done.stderr
    assert "outputs/done/report.html" in done.stdout
    assert json.loads(run.path("run.json").read_text())["device"] == "CPU"
    absent = cxr("report", "--run", "gone")
    assert absent.returncode == 1
    assert absent.stderr.count("\n") == 1
    assert cxr("report", "--run", "../x").returncode == 2
