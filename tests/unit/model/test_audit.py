"""Audits before training, the hiding of parts, the light probe, and the stamp that stays."""

import numpy as np
import pandas as pd
import pytest

from helpers.core.errors import SuiteError
from helpers.core.runs import Run
from helpers.data.duplicates import fingerprint
from helpers.data.phantoms import generate_collection
from helpers.model.audit import (
    Finding,
    audit_leakage,
    films_in_training,
    findings_table,
    stamp,
    withdraw,
)
from helpers.model.audit.hiding import NO_CORNERS, NO_LUNGS, ONLY_LUNGS, corners, hidden_versions
from helpers.model.audit.probe import area, border_features, lung_box, probe
from helpers.model.predictor import audit_stamp


def tables(patients: list, sha256: list, split: list) -> tuple[pd.DataFrame, pd.DataFrame]:
    keys = [f"{row}.png" for row in range(len(split))]
    films = pd.DataFrame({"key": keys, "patient_id": patients, "sha256": sha256})
    return films, pd.DataFrame({"key": keys, "split": split})


def verdicts(findings: list[Finding]) -> dict[str, str]:
    return {finding.name.removesuffix(" in two splits"): finding.verdict for finding in findings}


# --- leakage


def test_clean_splits_pass() -> None:
    films, splits = tables(["p", "p", "q"], ["a", "b", "c"], ["train", "train", "test"])
    found = verdicts(audit_leakage(films, splits))
    assert found == {
        "patients": "passed",
        "identical films": "passed",
        "look-alike films": "not tested",
    }


def test_a_patient_in_two_splits_fails() -> None:
    films, splits = tables(["p", "p", "q"], ["a", "b", "c"], ["train", "test", "test"])
    finding = audit_leakage(films, splits)[0]
    assert (finding.verdict, finding.value) == ("failed", 1)
    assert finding.sentence.startswith("1 of 2 patients")


def test_identical_bytes_in_two_splits_fail_without_any_patient_known() -> None:
    films, splits = tables([None] * 3, ["a", "a", "c"], ["train", "test", "test"])
    found = verdicts(audit_leakage(films, splits))
    assert found["identical films"] == "failed"
    assert found["patients"] == "not tested"


def test_films_without_a_patient_are_counted_not_passed_over() -> None:
    films, splits = tables(["p", None, "q"], ["a", "b", "c"], ["train", "test", "test"])
    assert "1 films name no patient" in audit_leakage(films, splits)[0].sentence


@pytest.fixture(scope="module")
def chests() -> list:
    return list(generate_collection(40, seed=8, size=128, frontal_only=True))


def test_a_rescaled_copy_in_another_split_fails(chests) -> None:
    films = [chests[0].pixels, chests[-1].pixels, chests[0].pixels[4:-2, 5:-3]]
    marks = np.stack([fingerprint(film) for film in films])
    rows, splits = tables(["p", "q", "r"], ["a", "b", "c"], ["train", "train", "test"])
    finding = audit_leakage(rows, splits, marks)[2]
    assert (finding.verdict, finding.value) == ("failed", 1)
    assert "0.png and 2.png" in finding.sentence
    splits["split"] = "train"
    assert audit_leakage(rows, splits, marks)[2].verdict == "passed"


def test_tables_of_different_films_are_refused() -> None:
    films, splits = tables(["p", "q"], ["a", "b"], ["train", "test"])
    with pytest.raises(SuiteError, match="run 03_preprocess again"):
        audit_leakage(films, splits.iloc[::-1])


def test_films_the_run_has_seen_are_named_with_how(chests) -> None:
    known = np.stack([fingerprint(chest.pixels) for chest in (chests[0], chests[-1])])
    other = np.stack([fingerprint(f) for f in (chests[0].pixels[6:, 6:], chests[20].pixels)])
    seen = films_in_training(
        np.concatenate([other, known[1:]]), known, pd.Series(["x", "y", "b"]), pd.Series(["a", "b"])
    )
    assert sorted(seen.values.tolist()) == [[0, 0, "pixels"], [2, 1, "bytes"]]


# --- hiding


def test_hidden_versions_hide_what_they_say(chests) -> None:
    images = np.stack([chest.pixels for chest in chests[:6]])
    masks = np.stack([chest.lung_mask for chest in chests[:6]])
    shown = {name: make() for name, make in hidden_versions(images, masks).items()}
    assert not shown[NO_LUNGS][masks].any()
    assert not shown["border only"][:, lung_box(128)].any()
    assert (shown[ONLY_LUNGS] | shown[NO_LUNGS] == images).all()
    covered = shown[NO_CORNERS][:, corners(128)]
    assert (covered == covered[0]).all()


def test_without_masks_a_fixed_box_stands_for_the_lungs(chests) -> None:
    images = np.stack([chest.pixels for chest in chests[:2]])
    versions = hidden_versions(images)
    assert not versions[NO_LUNGS]()[:, lung_box(128)].any()
    assert "border only" not in versions


def test_a_film_without_mask_among_masked_ones_gets_the_box(chests) -> None:
    images = np.stack([chest.pixels for chest in chests[:2]])
    masks = np.stack([chests[0].lung_mask, np.zeros((128, 128), bool)])
    assert not hidden_versions(images, masks)[NO_LUNGS]()[1][lung_box(128)].any()


def test_masks_of_another_size_are_one_clear_sentence() -> None:
    with pytest.raises(SuiteError, match="do not fit films"):
        hidden_versions(np.zeros((2, 64, 64), np.uint8), np.zeros((2, 32, 32), np.uint8))


# --- probe


def test_the_probe_never_sees_the_lungs() -> None:
    films = np.zeros((2, 64, 64), np.uint8)
    films[1, lung_box(64)] = 255
    assert np.array_equal(*border_features(films))


def test_the_probe_finds_what_the_border_tells_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    films = rng.integers(0, 60, (120, 64, 64), dtype=np.uint8)
    labels = np.repeat(["ill", "well"], 60)
    groups = np.arange(120).astype(str)
    honest = probe(border_features(films), labels, groups)
    assert honest.auroc < 0.65
    films[:50, 2:6, 4:20] = 200  # a stamp on most films of the ill
    stamped = probe(border_features(films), labels, groups)
    assert stamped.auroc > 0.85
    assert stamped.p_value < 0.02 < honest.p_value
    assert abs(stamped.permuted - 0.5) < 0.05


def test_a_class_of_one_patient_cannot_be_probed() -> None:
    features = np.random.default_rng(0).normal(size=(6, 4))
    labels = np.array(["a", "a", "b", "b", "b", "b"])
    assert probe(features, labels, np.array(list("xxyzyz"))) is None


def test_area_counts_ties_half_and_needs_both_sides() -> None:
    scores = np.array([[0.5, 0.1, 0.1], [0.5, 0.9, 0.9]])
    positive = np.array([[False, False, True], [True, True, True]])
    assert area(scores, positive)[:2].tolist() == [0.5, 1.0]
    assert np.isnan(area(scores, positive)[2])


# --- stamp

GOOD = Finding("lungs blacked out", "passed", 0.5, 0.75, "It needs the lungs.")
BAD = Finding("class told from the border", "failed", 0.9, 0.75, "The border tells.")


def test_a_run_is_passed_only_when_the_last_audit_is_done(outputs) -> None:
    run = Run("audited")
    assert audit_stamp(run.facts()) == "not audited"
    stamp(run, "leakage", [GOOD])
    assert audit_stamp(run.facts()) == "not audited"
    stamp(run, "shortcuts", [GOOD])
    assert audit_stamp(run.facts()) == "audit passed"


def test_a_failed_finding_stamps_the_run_at_once_and_stays(outputs) -> None:
    run = Run("audited")
    run.record(device="CPU")
    stamp(run, "leakage", [BAD])
    stamp(run, "shortcuts", [GOOD])
    assert audit_stamp(run.facts()) == "audit failed: class told from the border"
    assert run.facts()["device"] == "CPU"


def test_new_splits_or_a_new_network_withdraw_what_no_longer_holds(outputs) -> None:
    run = Run("audited")
    stamp(run, "leakage", [GOOD])
    stamp(run, "shortcuts", [BAD])
    withdraw(run, "shortcuts")
    assert audit_stamp(run.facts()) == "not audited"
    stamp(run, "shortcuts", [GOOD])
    stamp(run, "leakage", [GOOD])
    assert audit_stamp(run.facts()) == "not audited"


def test_the_table_shows_every_check(outputs) -> None:
    table = findings_table([GOOD, BAD])
    assert table["verdict"].tolist() == ["passed", "failed"]
