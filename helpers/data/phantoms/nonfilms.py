"""Generated pictures that are not frontal chest films, for the gate that must refuse them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from helpers.data.phantoms.anatomy import Anatomy
from helpers.data.phantoms.axial import render_axial
from helpers.data.phantoms.geometry import smooth_noise
from helpers.data.phantoms.lateral import render_lateral
from helpers.data.phantoms.pathology import sample_ground_glass
from helpers.data.phantoms.projection import to_pixels

_WORDS = ("patient", "lungs", "clear", "heart", "normal", "ward", "fever", "date", "cough", "film")


def non_films(count: int, seed: int, *, size: int = 256) -> Iterator[tuple[np.ndarray, str]]:
    """Yield `count` pairs (pixels uint8 (size, size), kind), the kinds of `KINDS` in turn."""
    kinds = list(KINDS)
    for index in range(count):
        kind = kinds[index % len(kinds)]
        rng = np.random.default_rng([seed, index, 77])
        yield KINDS[kind](rng, size), kind


def _photograph(rng: np.random.Generator, size: int) -> np.ndarray:
    """An outdoor scene: sky, hills, houses, a tree or two."""
    rows = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    picture = rng.uniform(170, 240) - 70 * rows + 12 * smooth_noise(rng, size, 4, 2)
    columns = np.linspace(0, 1, size)
    for depth in range(3):
        wave = sum(np.sin(columns * rng.uniform(3, 15) + rng.uniform(0, 6)) for _ in range(3))
        ridge = 0.45 + 0.15 * depth + 0.04 * wave
        ground = rng.uniform(50, 150) + 25 * smooth_noise(rng, size, 24, 3)
        picture = np.where(rows > ridge[None, :], ground, picture)
    canvas = np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8))
    for _ in range(int(rng.integers(1, 5))):
        _house(canvas, rng)
    return canvas


def _house(canvas: np.ndarray, rng: np.random.Generator) -> None:
    size = canvas.shape[0]
    width, height = (rng.uniform(0.1, 0.28, 2) * size).astype(int)
    left, top = (rng.uniform([0.05, 0.45], [0.8, 0.65]) * size).astype(int)
    wall = float(rng.integers(60, 230))
    cv2.rectangle(canvas, (left, top), (left + width, top + height), wall, -1)
    roof = np.array(
        [[left - 4, top], [left + width + 4, top], [left + width // 2, top - height // 2]]
    )
    cv2.fillPoly(canvas, [roof.astype(np.int32)], float(rng.integers(20, 110)), cv2.LINE_AA)
    for part in (0.2, 0.6):
        corner = (int(left + part * width), int(top + 0.3 * height))
        end = (int(corner[0] + 0.2 * width), int(corner[1] + 0.25 * height))
        cv2.rectangle(canvas, corner, end, 255.0 - wall, -1)


def _bar_chart(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = _axes(rng, size)
    count = int(rng.integers(3, 9))
    step = 0.75 * size / count
    for index in range(count):
        left, top = int(0.16 * size + index * step), int(rng.uniform(0.15, 0.8) * size)
        corner = (int(left + 0.7 * step), int(0.88 * size))
        cv2.rectangle(canvas, (left, top), corner, float(rng.integers(60, 190)), -1)
    return canvas


def _line_chart(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = _axes(rng, size)
    across = np.linspace(0.14, 0.92, 24)
    for _ in range(int(rng.integers(1, 4))):
        down = np.clip(0.5 + np.cumsum(rng.normal(0, 0.05, 24)), 0.12, 0.86)
        points = np.round(np.stack([across, down], axis=1) * size).astype(np.int32)
        cv2.polylines(canvas, [points], False, float(rng.integers(0, 140)), 2, cv2.LINE_AA)
    return canvas


def _axes(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = np.full((size, size), 255, np.uint8)
    low, high = int(0.12 * size), int(0.88 * size)
    for step in range(1, 6):
        line = high - step * (high - low) // 6
        cv2.line(canvas, (low, line), (int(0.95 * size), line), 215.0, 1)
    cv2.line(canvas, (low, high), (int(0.95 * size), high), 0.0, 1)
    cv2.line(canvas, (low, high), (low, int(0.08 * size)), 0.0, 1)
    _write(canvas, str(rng.choice(_WORDS)), 0.4, 0.97)
    return canvas


def _text_page(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = np.full((size, size), int(rng.integers(235, 256)), np.uint8)
    for line in np.arange(0.08, 0.95, 0.055):
        words = " ".join(rng.choice(_WORDS, int(rng.integers(3, 9))))
        _write(canvas, words, 0.06, float(line))
    return canvas


def _write(canvas: np.ndarray, text: str, across: float, down: float) -> None:
    size = canvas.shape[0]
    place = (round(across * size), round(down * size))
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, size / 720, 20.0, 1, cv2.LINE_AA)


def _blank(rng: np.random.Generator, size: int) -> np.ndarray:
    grey = float(rng.choice([0, 255, rng.integers(1, 255)]))
    noise = rng.normal(0, rng.choice([0.0, 2.0]), (size, size))
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def _ct_slice(rng: np.random.Generator, size: int) -> np.ndarray:
    anatomy = Anatomy.sample(rng)
    disease = sample_ground_glass(rng, anatomy) if rng.random() < 0.5 else None
    return to_pixels(render_axial(anatomy, disease, 1.0, size, rng).film)


def _lateral(rng: np.random.Generator, size: int) -> np.ndarray:
    return to_pixels(render_lateral(Anatomy.sample(rng), None, 1.0, size, rng).film)


KINDS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "photograph": _photograph,
    "bar chart": _bar_chart,
    "line chart": _line_chart,
    "text page": _text_page,
    "CT slice": _ct_slice,
    "lateral film": _lateral,
    "blank": _blank,
}
