"""From verified films to the arrays that networks read: one stack of pixels, one of lung masks."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap

from helpers.core.executor import in_chunks, in_order, open_executor
from helpers.core.runs import Run, replacing
from helpers.data.duplicates import SIDE, fingerprint, match
from helpers.data.images import decode_film, prepare_film
from helpers.data.library import FilmLibrary

CHUNK = 8  # films of one task: few enough that the memory stays flat
# Decoding lets go of Python's lock, so threads do as well as processes, which need a second to
# start and are a quarter faster on small films: they win from about here on (two cores).
MANY_FILMS = 5_000


def used_films(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows this run uses, in the order in which every array of the run holds them."""
    return manifest[manifest["status"] == "used"].reset_index(drop=True)


def write_images(
    films: pd.DataFrame,
    run: Run,
    image_size: int,
    enhancement: str = "none",
    executor: str | int | None = None,
) -> Iterator[np.ndarray]:
    """Write images.npy (uint8, N x S x S) and fingerprints.npy in one pass; yield each image.

    Row i of both belongs to row i of `films`. Films are decoded in parallel and never all in
    memory; the files appear when every film is written. The pixels are the same wherever they are
    made. executor: see `helpers.core.executor`; the workers of a cluster must see the outputs.
    """
    library = FilmLibrary().folder
    prepare = partial(prepare_films, library, image_size, enhancement)
    chunks = in_chunks(films["sha256"], CHUNK)
    with (
        replacing(run.path("images.npy")) as images_file,
        replacing(run.path("fingerprints.npy")) as fingerprints_file,
        open_executor(executor, library, short=len(films) < MANY_FILMS) as pool,
    ):
        images = _empty_stack(images_file, len(films), image_size)
        fingerprints = _empty_stack(fingerprints_file, len(films), SIDE)
        prepared = (pair for done in in_order(pool, prepare, chunks) for pair in done.result())
        for row, (pixels, print_) in enumerate(prepared):
            images[row], fingerprints[row] = pixels, print_
            yield pixels
        images.flush()
        fingerprints.flush()


def prepare_films(
    library: Path, image_size: int, enhancement: str, films: list[str]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(image uint8 S x S, fingerprint) of each film, named by its SHA-256, of that library."""
    found = []
    for sha256 in films:
        pixels = decode_film(FilmLibrary(library).read(sha256)).pixels
        found.append((prepare_film(pixels, image_size, enhancement), fingerprint(pixels)))
    return found


def look_alikes(run: Run) -> pd.DataFrame:
    """Pairs of the run's films that are copies of one picture: `first, second, similarity`."""
    return match(np.load(run.require("fingerprints.npy"), mmap_mode="r"))


def write_masks(films: pd.DataFrame, manifest: pd.DataFrame, run: Run, image_size: int) -> int:
    """Write lung_masks.npy (uint8 0 or 1, N x S x S) where the collection has masks.

    A film without a mask gets a row of zeros (no lung mask is empty). Returns how many were found;
    with none at all no file is written.
    """
    library = FilmLibrary()
    masks = masks_by_film(manifest)
    found = films["key"].map(lambda key: masks.get(PurePosixPath(key).stem))
    if not found.notna().any():
        run.path("lung_masks.npy").unlink(missing_ok=True)
        return 0
    with replacing(run.path("lung_masks.npy")) as temporary:
        stack = _empty_stack(temporary, len(films), image_size)
        for row, sha256 in found.dropna().items():
            pixels = decode_film(library.read(sha256)).pixels
            # Nearest keeps a mask a mask; the film beside it is squeezed to the same square.
            small = cv2.resize(pixels, (image_size, image_size), interpolation=cv2.INTER_NEAREST)
            stack[row] = small > 127
        stack.flush()
    return int(found.notna().sum())


def masks_by_film(manifest: pd.DataFrame, folder: str = "lung_masks") -> dict[str, str]:
    """Film stem -> sha256 of its mask (`lung_masks/NAME_mask.png` belongs to `NAME.*`)."""
    rows = manifest.dropna(subset=["sha256"])
    return {
        path.stem.removesuffix("_mask"): sha256
        for path, sha256 in zip(rows["key"].map(PurePosixPath), rows["sha256"], strict=True)
        if path.parent.name == folder
    }


def segregate(films: pd.DataFrame, run: Run) -> Path:
    """System E's output folder, `films/<class>/<view>/`, as links to the verified films.

    Names are made from the content, never taken from outside.
    """
    library = FilmLibrary()
    folder = run.path("films")
    shutil.rmtree(folder, ignore_errors=True)
    for film in films.itertuples():
        view = film.view if isinstance(film.view, str) else "view unknown"
        place = folder / _folder_name(film.label) / _folder_name(view)
        place.mkdir(parents=True, exist_ok=True)
        target = place / f"{film.sha256[:16]}{PurePosixPath(film.key).suffix.lower()}"
        if not target.exists():
            _link(library.path(film.sha256), target)
    return folder


def _empty_stack(file: Path, count: int, side: int) -> np.ndarray:
    return open_memmap(file, mode="w+", dtype=np.uint8, shape=(count, side, side))


def _folder_name(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_ " else "_" for sign in text).strip()


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(source, target)
