"""From films to arrays: rows in the manifest's order, masks with their films, names of our own."""

import cv2
import numpy as np
import pandas as pd
import pytest

from helpers.core.errors import SuiteError
from helpers.core.runs import Run
from helpers.data.images import decode_film, prepare_film
from helpers.data.library import FilmLibrary
from helpers.data.phantoms import encode_png, generate_collection
from helpers.data.preprocess import (
    look_alikes,
    masks_by_film,
    segregate,
    used_films,
    write_images,
    write_masks,
)
from tests.dask_cluster import started


@pytest.fixture
def run(outputs):
    return Run("trial")


@pytest.fixture
def manifest(run):
    """Five generated films with lung masks for the first two, and one film left out."""
    rows = []
    with FilmLibrary() as library:
        for phantom in generate_collection(6, seed=1, size=96):
            name, label = phantom.name, phantom.label
            content = library.add(encode_png(phantom.pixels))
            rows.append((f"s/images/{name}.png", content, label, "PA", "used"))
            if len(rows) < 4:
                mask = library.add(encode_png(phantom.lung_mask.astype(np.uint8) * 255))
                rows.append((f"s/lung_masks/{name}_mask.png", mask, None, None, "excluded"))
    rows[-1] = (*rows[-1][:4], "excluded")
    return pd.DataFrame(rows, columns=["key", "sha256", "label", "view", "status"])


def test_each_row_is_the_film_of_that_row_by_the_one_path(run, manifest):
    films = used_films(manifest)
    assert len(list(write_images(films, run, 48, "clahe"))) == len(films) == 5
    stack = np.load(run.path("images.npy"))
    assert stack.shape == (5, 48, 48) and stack.dtype == np.uint8
    with FilmLibrary() as library:
        for row, content in enumerate(films["sha256"]):
            pixels = decode_film(library.read(content)).pixels
            assert np.array_equal(stack[row], prepare_film(pixels, 48, "clahe"))


def test_processes_and_a_cluster_make_the_very_same_pixels_as_threads(run, manifest, tmp_path):
    films = used_films(manifest)
    stacks = []
    with started(tmp_path, workers=2) as cluster:
        for executor in (None, 2, cluster.address):
            stacks.append(files_written(films, run, executor))
    assert stacks[0] == stacks[1] == stacks[2]


def files_written(films, run, executor) -> list[bytes]:
    assert len(list(write_images(films, run, 48, "clahe", executor))) == len(films)
    return [run.path(name).read_bytes() for name in ("images.npy", "fingerprints.npy")]


def test_a_film_that_is_gone_is_one_sentence(run, manifest):
    films = used_films(manifest).assign(sha256="0" * 64)
    with pytest.raises(SuiteError, match="run 01_ingest again"):
        list(write_images(films, run, 48, executor=2))


def test_an_interrupted_stack_leaves_no_half_file(run, manifest):
    writing = write_images(used_films(manifest), run, 48)
    next(writing)
    writing.close()
    assert not run.path("images.npy").exists()
    assert not list(run.folder.glob(".*"))


def test_masks_lie_in_their_films_rows_and_a_film_without_one_has_zeros(run, manifest):
    films = used_films(manifest)
    assert write_masks(films, manifest, run, 48) == 2
    masks = np.load(run.path("lung_masks.npy"))
    assert set(np.unique(masks)) == {0, 1}
    assert masks.reshape(5, -1).any(axis=1).tolist() == [True, True, False, False, False]
    with FilmLibrary() as library:
        content = manifest.loc[manifest["key"].str.contains("lung_masks"), "sha256"].iloc[0]
        mask = decode_film(library.read(content)).pixels
    small = cv2.resize(mask, (48, 48), interpolation=cv2.INTER_NEAREST)
    assert np.array_equal(masks[0], small > 127)


def test_without_masks_an_old_file_does_not_stay(run, manifest):
    films = used_films(manifest)
    write_masks(films, manifest, run, 48)
    bare = manifest[~manifest["key"].str.contains("lung_masks")]
    assert masks_by_film(bare) == {} and write_masks(films, bare, run, 48) == 0
    assert not run.path("lung_masks.npy").exists()


def test_copies_of_one_picture_are_found(run, manifest):
    films = used_films(manifest)
    twice = pd.concat([films, films.iloc[[2]]], ignore_index=True)
    list(write_images(twice, run, 48))
    pairs = look_alikes(run)
    assert (2, 5) in set(zip(pairs["first"], pairs["second"], strict=True))


def test_films_are_put_in_folders_by_class_and_view_under_names_of_our_own(run, manifest):
    films = used_films(manifest)
    films.loc[0, ["label", "view"]] = ["../../evil", None]
    folder = segregate(films, run)
    placed = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert len(placed) == 5
    assert all(path.resolve().is_relative_to(folder) for path in folder.rglob("*"))
    assert any(name.startswith("______evil/view unknown/") for name in placed)
