"""The generated collection: a stream of films with masks and metadata, or the same as files."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from helpers.core.errors import UsageError
from helpers.data.phantoms.anatomy import Anatomy
from helpers.data.phantoms.axial import render_axial
from helpers.data.phantoms.frontal import Disease, Rendering, render_frontal
from helpers.data.phantoms.geometry import one_drawing_thread
from helpers.data.phantoms.lateral import render_lateral
from helpers.data.phantoms.metadata import COLUMNS, describe_film, describe_patient
from helpers.data.phantoms.pathology import sample_consolidation, sample_ground_glass
from helpers.data.phantoms.projection import add_border, add_letters, add_plate, to_pixels

CLASSES = ("COVID-19", "No finding", "Pneumonia")
# Class folders as Ozturk's set (and system C) names them; the last two as system A does.
CLASS_FOLDERS = {
    "COVID-19": "Covid-19",
    "No finding": "No_findings",
    "Pneumonia": "Pneumonia",
    "positive": "positive",
    "negative": "negative",
}
WITH_COVID = ("COVID-19", "positive")

FRONTAL_VIEWS = {"PA": 0.55, "AP": 0.23, "AP Supine": 0.22}
OTHER_VIEWS = {"L": 0.045, "Axial": 0.015}
SMALLEST_SIZE = 32
MARKER = "PORTABLE"
MARKER_BASE_RATE = 0.15


@dataclass(frozen=True)
class Phantom:
    """One generated film.

    Attributes:
        name: file name without ending, such as generated-000123-a (patient, film of the patient).
        pixels: uint8 (size, size), bone white.
        lung_mask: bool (size, size), lung seen clear of heart and diaphragm.
        opacity_mask: bool (size, size), where disease fills the lung; empty for a clear film.
        label: the true class.
        metadata: one row in the covid-chestxray columns, "" where nothing is known.
        marked: whether the corner marker stands on the film.
    """

    name: str
    pixels: np.ndarray
    lung_mask: np.ndarray
    opacity_mask: np.ndarray
    label: str
    metadata: dict[str, object]
    marked: bool


def generate_collection(
    films: int,
    seed: int,
    *,
    size: int = 256,
    shortcut_rate: float = 0.0,
    classes: Sequence[str] = CLASSES,
    frontal_only: bool = False,
) -> Iterator[Phantom]:
    """Yield `films` generated films, a patient at a time; the same arguments give the same films.

    A patient has one to four films of the same anatomy in other poses on other days, and one
    class. Classes are balanced to within a few films. One film in seventeen is a lateral film
    (view L) or a CT slice (view Axial) so that selecting by view matters, unless `frontal_only`.

    Args:
        films: how many films in all.
        seed: decides everything.
        size: edge in pixels; the scene stays the same, the noise does not.
        shortcut_rate: 0..1, how firmly the corner marker goes with COVID-19. A film follows the
            shortcut with this probability: marked if and only if it is COVID-19. Otherwise it is
            marked by chance, one in seven, whatever its class. 0 is an honest collection; nothing
            but the marker changes with the rate.
        classes: some of `CLASS_FOLDERS`.
        frontal_only: leave out lateral films and CT slices.

    Raises:
        UsageError: an argument is out of range or a class is unknown.
    """
    _check(films, size, shortcut_rate, classes)
    return _stream(films, seed, size, shortcut_rate, tuple(classes), frontal_only)


def write_collection(
    folder: Path, films: int, seed: int, *, masks: bool = True, **options: object
) -> Path:
    """Write a generated collection below `folder`, one film in memory at a time.

    Layout: metadata.csv, images/<class folder>/NAME.png, lung_masks/NAME_mask.png and
    opacity_masks/NAME_mask.png (0 and 255). `options` are those of `generate_collection`. The
    same arguments give the same bytes.

    Returns:
        The path of metadata.csv.
    """
    stream = generate_collection(films, seed, **options)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "metadata.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for phantom in stream:
            writer.writerow(phantom.metadata)
            _write_film(folder, phantom, masks)
    return table


def encode_png(pixels: np.ndarray) -> bytes:
    """PNG bytes of a grey image, fast rather than smallest."""
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 2])[1].tobytes()


def _check(films: int, size: int, shortcut_rate: float, classes: Sequence[str]) -> None:
    if films < 1:
        raise UsageError(f"A generated collection needs at least 1 film, not {films}.")
    if size < SMALLEST_SIZE:
        raise UsageError(f"Generated films are at least {SMALLEST_SIZE} pixels wide, not {size}.")
    if not 0 <= shortcut_rate <= 1:
        raise UsageError(f"shortcut_rate is a share between 0 and 1, not {shortcut_rate}.")
    if not classes:
        raise UsageError(f"A generated collection needs classes, some of {list(CLASS_FOLDERS)}.")
    for name in classes:
        if name not in CLASS_FOLDERS:
            near = difflib.get_close_matches(name, CLASS_FOLDERS, 1, 0.3) or list(CLASS_FOLDERS)
            raise UsageError(f"No generated film has the class {name!r}; did you mean {near[0]!r}?")


def _stream(
    films: int, seed: int, size: int, rate: float, classes: tuple[str, ...], frontal_only: bool
) -> Iterator[Phantom]:
    """Patients in order until the films are full."""
    counts = dict.fromkeys(classes, 0)
    number, made = 0, 0
    while made < films:
        rng = np.random.default_rng([seed, number])
        lagging = [name for name in classes if counts[name] < min(counts.values()) + 3]
        label = lagging[int(rng.integers(len(lagging)))]
        wanted = min(int(rng.choice([1, 2, 3, 4], p=[0.5, 0.26, 0.16, 0.08])), films - made)
        yield from _patient_films(rng, [seed, number], label, wanted, size, rate, frontal_only)
        counts[label] += wanted
        number, made = number + 1, made + wanted


def _patient_films(
    rng: np.random.Generator,
    seeds: list[int],
    label: str,
    wanted: int,
    size: int,
    rate: float,
    frontal_only: bool,
) -> Iterator[Phantom]:
    """All films of one patient, each on its own day and from its own seed."""
    anatomy = Anatomy.sample(rng)
    disease = _disease(rng, label, anatomy)
    patient = describe_patient(rng, label, anatomy.sex, anatomy.age)
    day = int(rng.integers(0, 6))
    for index in range(wanted):
        own = np.random.default_rng([*seeds, index])
        view = _view(own, frontal_only)
        marked = _is_marked(own, label, rate)
        row = describe_film(own, patient, seeds[1], day, view)
        name = f"generated-{seeds[1]:06d}-{'abcd'[index]}"
        row |= {"folder": f"images/{CLASS_FOLDERS[label]}", "filename": f"{name}.png"}
        with one_drawing_thread():
            drawn = _render(anatomy, disease, view, size, own)
            pixels = _finish(drawn.film, view, marked, own)
        yield Phantom(name, pixels, drawn.lung_mask, drawn.opacity_mask, label, row, marked)
        day += int(rng.integers(1, 5))


def _disease(rng: np.random.Generator, label: str, anatomy: Anatomy) -> Disease:
    if label in WITH_COVID:
        return sample_ground_glass(rng, anatomy)
    return sample_consolidation(rng) if label == "Pneumonia" else None


def _view(rng: np.random.Generator, frontal_only: bool) -> str:
    """The view is drawn whatever the class: in this collection it gives no hint."""
    other, frontal = rng.random(), rng.random()
    if not frontal_only and other < sum(OTHER_VIEWS.values()):
        return "L" if other < OTHER_VIEWS["L"] else "Axial"
    bounds = np.cumsum(list(FRONTAL_VIEWS.values()))
    return list(FRONTAL_VIEWS)[min(int(np.searchsorted(bounds, frontal)), len(bounds) - 1)]


def _is_marked(rng: np.random.Generator, label: str, rate: float) -> bool:
    """Always draws twice, so that the rate changes the marker and nothing else."""
    follows, by_chance = rng.random(2) < (rate, MARKER_BASE_RATE)
    return bool(label in WITH_COVID) if follows else bool(by_chance)


def _render(
    anatomy: Anatomy, disease: Disease, view: str, size: int, rng: np.random.Generator
) -> Rendering:
    severity = float(np.exp(rng.normal(0, 0.15)))
    if view == "L":
        return render_lateral(anatomy, disease, severity, size, rng)
    if view == "Axial":
        return render_axial(anatomy, disease, severity, size, rng)
    return render_frontal(anatomy, disease, view, severity, size, rng)


def _finish(film: np.ndarray, view: str, marked: bool, rng: np.random.Generator) -> np.ndarray:
    """Border, the usual side letter, and the corner marker where there is one."""
    closed = np.maximum(rng.normal(-0.01, 0.03, 4), 0)
    angle, side, height = rng.normal(0, 0.015), rng.random(), rng.uniform(0.12, 0.2)
    if view != "Axial":
        add_border(film, closed, angle)
        if side < 0.6:
            letter, across = ("L", 0.9) if side < 0.45 else ("R", 0.05)
            add_letters(film, letter, (across, height), 0.045)
    if marked:
        add_plate(film, MARKER, (0.02, 0.02), 0.032)
    return to_pixels(film)


def _write_film(folder: Path, phantom: Phantom, masks: bool) -> None:
    parts = {f"{phantom.metadata['folder']}/{phantom.name}.png": phantom.pixels}
    if masks:
        parts[f"lung_masks/{phantom.name}_mask.png"] = phantom.lung_mask * np.uint8(255)
        parts[f"opacity_masks/{phantom.name}_mask.png"] = phantom.opacity_mask * np.uint8(255)
    for name, pixels in parts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_png(pixels))
