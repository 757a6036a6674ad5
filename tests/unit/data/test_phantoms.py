"""The generated collection: repeatable, balanced, honest about what it shows, odd where it says."""

import csv
import hashlib
import tracemalloc
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers.core.errors import UsageError
from helpers.data.phantoms import (
    CLASS_FOLDERS,
    CLASSES,
    COLUMNS,
    FINDINGS,
    generate_collection,
    non_films,
    write_collection,
)


@pytest.fixture(scope="module")
def collection():
    return list(generate_collection(400, seed=5, size=64))


def file_digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        write_collection(tmp_path / name, 8, seed, size=96)
    one, again, other = (file_digests(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert one["metadata.csv"] != other["metadata.csv"]
    assert not {digest for name, digest in one.items() if name.startswith("images/")} & {
        digest for name, digest in other.items() if name.startswith("images/")
    }


def test_a_longer_collection_starts_with_the_shorter_one():
    short = list(generate_collection(10, seed=1, size=64))
    long = list(islice(generate_collection(200, seed=1, size=64), 9))
    for first, second in zip(short, long, strict=False):
        assert first.name == second.name
        assert np.array_equal(first.pixels, second.pixels)


def test_every_film_is_grey_8_bit_of_the_asked_size_with_its_masks(collection):
    for phantom in collection:
        assert phantom.pixels.shape == (64, 64) and phantom.pixels.dtype == np.uint8
        assert phantom.lung_mask.shape == (64, 64) and phantom.lung_mask.dtype == bool
        assert phantom.opacity_mask.dtype == bool
        assert 0.1 < phantom.lung_mask.mean() < 0.65
        assert phantom.pixels.std() > 20, "a film nearly without contrast"


def test_disease_lies_in_the_lung_and_clear_films_have_none(collection):
    for phantom in collection:
        assert not (phantom.opacity_mask & ~phantom.lung_mask).any()
        assert phantom.opacity_mask.any() == (phantom.label != "No finding"), phantom.name


def test_covid_is_bilateral_and_pneumonia_one_sided(collection):
    smaller_side = defaultdict(list)
    for phantom in collection:
        if phantom.metadata["view"] == "PA" and phantom.label != "No finding":
            halves = phantom.opacity_mask[:, :32].sum(), phantom.opacity_mask[:, 32:].sum()
            smaller_side[phantom.label].append(min(halves) / sum(halves))
    assert np.median(smaller_side["COVID-19"]) > 0.25  # measured 0.42
    assert np.median(smaller_side["Pneumonia"]) < 0.05  # measured 0.00


def test_opacity_makes_a_film_whiter_where_the_mask_says(collection):
    """Inside the lung, disease is brighter than the lung around it on nearly every film."""
    brighter = []
    for phantom in collection:
        clear = phantom.lung_mask & ~phantom.opacity_mask
        if phantom.opacity_mask.sum() > 40 and clear.sum() > 40:
            pixels = phantom.pixels
            brighter.append(pixels[phantom.opacity_mask].mean() > pixels[clear].mean())
    assert len(brighter) > 100
    assert np.mean(brighter) > 0.8


def test_classes_are_balanced_and_a_patient_has_one(collection):
    counts = Counter(phantom.label for phantom in collection)
    assert set(counts) == set(CLASSES)
    assert max(counts.values()) - min(counts.values()) <= 6
    labels_of = defaultdict(set)
    for phantom in collection:
        labels_of[phantom.metadata["patientid"]].add(phantom.label)
    assert all(len(labels) == 1 for labels in labels_of.values())
    films_each = Counter(phantom.metadata["patientid"] for phantom in collection)
    assert {1, 2, 3, 4} <= set(films_each.values())


def test_films_of_one_patient_are_different_films(collection):
    digests = {hashlib.sha256(phantom.pixels).hexdigest() for phantom in collection}
    assert len(digests) == len(collection)


def test_names_are_unique_and_say_nothing_about_the_class(collection):
    names = [phantom.name for phantom in collection]
    assert len(set(names)) == len(names)
    assert all(name.startswith("generated-") for name in names)
    assert not any(label.lower()[:5] in name for name in names for label in CLASSES)


def test_the_view_gives_no_hint_of_the_class(collection):
    share = {
        label: np.mean([p.metadata["view"] == "PA" for p in collection if p.label == label])
        for label in CLASSES
    }
    assert max(share.values()) - min(share.values()) < 0.2  # spread of a share of 130 is 0.04


def test_metadata_is_written_as_the_collection_writes_it(collection):
    rows = [phantom.metadata for phantom in collection]
    assert all(list(row) == list(COLUMNS) for row in rows)
    assert {row["view"] for row in rows} == {"PA", "AP", "AP Supine", "L", "Axial"}
    assert all((row["modality"] == "CT") == (row["view"] == "Axial") for row in rows)
    assert all(row["license"].startswith("CC0") for row in rows)
    words = {row["finding"] for row in rows}
    assert "" in words
    assert words - {""} <= {word for label in CLASSES for word in FINDINGS[label]}
    for column in ("sex", "age", "survival", "temperature", "date", "location", "offset"):
        missing = np.mean([row[column] == "" for row in rows])
        assert 0 < missing < 1, column
    assert len({str(row["location"]).split(", ")[-1] for row in rows}) > 6


def test_written_folder_has_the_class_folders_masks_and_a_row_for_each_film(tmp_path):
    table = write_collection(tmp_path, 12, seed=2, size=64)
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert {row["folder"] for row in rows} == {f"images/{CLASS_FOLDERS[c]}" for c in CLASSES}
    for row in rows:
        film = cv2.imread(str(tmp_path / row["folder"] / row["filename"]), cv2.IMREAD_UNCHANGED)
        assert film.shape == (64, 64) and film.dtype == np.uint8
        for kind in ("lung_masks", "opacity_masks"):
            name = row["filename"].replace(".png", "_mask.png")
            mask = cv2.imread(str(tmp_path / kind / name), cv2.IMREAD_UNCHANGED)
            assert set(np.unique(mask)) <= {0, 255}


def test_two_class_names_of_system_a_work():
    films = list(generate_collection(12, seed=0, size=64, classes=["negative", "positive"]))
    assert {film.label for film in films} == {"negative", "positive"}
    assert all(film.opacity_mask.any() == (film.label == "positive") for film in films)


def test_the_marker_goes_with_covid_at_the_chosen_rate_and_changes_nothing_else():
    rates = {}
    for rate in (0.0, 0.6, 1.0):
        films = list(generate_collection(240, seed=9, size=64, shortcut_rate=rate))
        covid = [film.marked for film in films if film.label == "COVID-19"]
        others = [film.marked for film in films if film.label != "COVID-19"]
        rates[rate] = np.mean(covid), np.mean(others)
        if rate == 0:
            honest = films
        for plain, planted in zip(honest, films, strict=True):
            changed = plain.pixels != planted.pixels
            assert changed.any() == (plain.marked != planted.marked)
            assert not changed[8:].any(), "the marker stays in its corner"
    assert abs(rates[0.0][0] - rates[0.0][1]) < 0.15  # chance: 0.15 +- 0.04 each
    assert rates[0.6][0] > 0.5 and rates[0.6][1] < 0.15
    assert rates[1.0] == (1.0, 0.0)


def test_memory_stays_flat_as_the_collection_grows():
    def peak(films: int) -> int:
        tracemalloc.start()
        for _ in generate_collection(films, seed=0, size=128):
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(5)  # first use loads what stays
    assert peak(80) < 1.3 * peak(20)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"films": 0}, "at least 1"),
        ({"films": 5, "size": 8}, "pixels"),
        ({"films": 5, "shortcut_rate": 1.5}, "between 0 and 1"),
        ({"films": 5, "classes": ["Covid"]}, "did you mean"),
        ({"films": 5, "classes": []}, "needs classes"),
    ],
)
def test_wrong_arguments_are_told_at_once(arguments, word):
    with pytest.raises(UsageError, match=word):
        generate_collection(seed=0, **arguments)


def test_non_films_are_repeatable_and_of_every_kind():
    first, again = list(non_films(21, seed=1)), list(non_films(21, seed=1))
    assert Counter(kind for _, kind in first) == dict.fromkeys(
        ["photograph", "bar chart", "line chart", "text page", "CT slice", "lateral film", "blank"],
        3,
    )
    for (pixels, kind), (same, _) in zip(first, again, strict=True):
        assert pixels.shape == (256, 256) and pixels.dtype == np.uint8, kind
        assert np.array_equal(pixels, same)
