"""01: a bucket that answers page by page, a collection at odds with its metadata, files to open."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from helpers.data.phantoms import encode_png, generate_collection
from helpers.suite.exercises.data.tables import draw_metadata

PAGE = 50


@dataclass(frozen=True)
class StoredFilm:
    """One object of a listing."""

    key: str
    size: int


class SmallBucket:
    """A bucket in memory that speaks as S3's ListObjectsV2 does, in pages of at most 50 keys."""

    def __init__(self, objects: Sequence[StoredFilm]):
        self._objects = sorted(objects, key=lambda item: item.key)

    def list_objects_v2(
        self, Prefix: str = "", ContinuationToken: str | None = None, MaxKeys: int = PAGE
    ) -> dict[str, Any]:
        """One page: `Contents` (a `Key` and a `Size` each), `KeyCount` and `IsTruncated`.

        Where `IsTruncated` is true, `NextContinuationToken` asks for the next page.
        """
        found = [item for item in self._objects if item.key.startswith(Prefix)]
        start = int(ContinuationToken.removeprefix("page-")) if ContinuationToken else 0
        end = start + min(MaxKeys, PAGE)
        page = {
            "Contents": [{"Key": item.key, "Size": item.size} for item in found[start:end]],
            "KeyCount": len(found[start:end]),
            "IsTruncated": end < len(found),
        }
        return page | ({"NextContinuationToken": f"page-{end}"} if end < len(found) else {})


@dataclass(frozen=True)
class Collection:
    """A listing and the metadata that should describe it."""

    objects: list[StoredFilm]
    metadata: pd.DataFrame


def draw_bucket(seed: int) -> SmallBucket:
    """A bucket with 230 to 420 objects below `ward/` and some below other prefixes."""
    rng = np.random.default_rng([seed, 101])
    folders = {"Covid-19": 60, "No_findings": 70, "Pneumonia": 60, "lung_masks": 40}
    keys = [
        f"ward/{folder}/{number:05d}.png"
        for folder, least in folders.items()
        for number in rng.choice(99_999, least + int(rng.integers(0, 48)), replace=False)
    ]
    keys += [f"archive/{number:05d}.png" for number in range(int(rng.integers(60, 90)))]
    return SmallBucket(_objects([*keys, "ward-notes.txt", "ward/metadata.csv"], rng))


def draw_collection(seed: int) -> Collection:
    """About 260 films and their metadata; some rows have no film, some films no row."""
    rng = np.random.default_rng([seed, 102])
    metadata = draw_metadata(int(rng.integers(240, 280)), [seed, 103]).drop(columns="label")
    places = (metadata["folder"] + "/" + metadata["filename"]).tolist()
    lost = rng.choice(len(places), int(rng.integers(4, 12)), replace=False)
    keys = [place for position, place in enumerate(places) if position not in lost]
    folders = sorted(set(metadata["folder"]))
    strangers = rng.choice(9000, int(rng.integers(3, 9)), replace=False) + 1000
    keys += [f"{rng.choice(folders)}/unlisted-{number}.png" for number in strangers]
    keys += [f"lung_masks/{PurePosixPath(place).stem}_mask.png" for place in places[:40]]
    return Collection(_objects([*keys, "metadata.csv", "readme.txt"], rng), metadata)


def draw_arrivals(seed: int) -> dict[str, bytes]:
    """The bytes of 16 files that came in as films: name -> content; some are no film."""
    rng = np.random.default_rng([seed, 104])
    films = [phantom.pixels for phantom in generate_collection(16, seed, size=64)]
    spoilers = list(_SPOILED)
    kinds = [*spoilers, *rng.choice(spoilers, int(rng.integers(0, 3)))]
    kinds += ["good"] * (len(films) - len(kinds))
    arrivals = {}
    for number, (pixels, kind) in enumerate(zip(films, rng.permutation(kinds), strict=True)):
        ending, content = _file(str(kind), pixels, number)
        arrivals[f"arrival-{number:02d}.{ending}"] = content
    return arrivals


def _objects(keys: Sequence[str], rng: np.random.Generator) -> list[StoredFilm]:
    sizes = rng.integers(2_000, 90_000, len(keys))
    objects = [StoredFilm(key, int(size)) for key, size in zip(keys, sizes, strict=True)]
    return sorted(objects, key=lambda item: item.key)


def _file(kind: str, pixels: np.ndarray, number: int) -> tuple[str, bytes]:
    jpeg = io.BytesIO()
    Image.fromarray(pixels).save(jpeg, "JPEG")
    if kind in _SPOILED:
        return ("png", "jpg")[number % 2], _SPOILED[kind](jpeg.getvalue())
    return ("png", encode_png(pixels)) if number % 2 == 0 else ("jpg", jpeg.getvalue())


_SPOILED = {
    "empty": lambda jpeg: b"",
    "letter": lambda jpeg: b"Dear colleague, the film will follow by post.",
    "half": lambda jpeg: jpeg[: len(jpeg) // 2],
    "web page": lambda jpeg: b"<!doctype html><title>404 Not Found</title>",
}
