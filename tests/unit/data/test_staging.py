"""Staging: a local collection goes to where its profile expects it, and an upload is resumed."""

import hashlib
from pathlib import Path

import pytest

from helpers.core.errors import SuiteError, UsageError
from helpers.data import local_s3, staging, storage
from helpers.data.staging import stage_folder

DICOM = b"\0" * 128 + b"DICM" + b"rest"


@pytest.fixture
def collection(tmp_path: Path, outputs: Path) -> Path:
    """A folder as people have them: classes, masks, metadata, and things that do not belong."""
    folder = tmp_path / "my-films"
    files = {
        "metadata.csv": b"filename\n1.png\n",
        "Covid-19/1.PNG": b"film 1",
        "No findings/2 é.jpeg": b"film 2",
        "lung_masks/1_mask.png": b"mask",
        "dicom/IM0001": DICOM,
        "dicom/1.2.840.5": DICOM,
        "README.txt": b"about",
        "dicom/notes": b"no film",
        ".DS_Store": b"hidden",
        ".git/x.png": b"hidden",
    }
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


WANTED = {
    "metadata.csv",
    "Covid-19/1.PNG",
    "No findings/2 é.jpeg",
    "lung_masks/1_mask.png",
    "dicom/IM0001",
    "dicom/1.2.840.5",
}


def test_images_masks_and_tables_go_up(collection: Path) -> None:
    result = stage_folder(collection)
    assert (result.bucket, result.prefix) == ("chest-films", "my-films")
    assert (result.uploaded, result.already_there) == (len(WANTED), 0)
    listed = {item.key: item.etag for item in storage.list_objects("chest-films", "my-films")}
    assert listed == {
        f"my-films/{name}": hashlib.md5((collection / name).read_bytes()).hexdigest()
        for name in WANTED
    }


def test_what_does_not_belong_is_named(collection: Path) -> None:
    assert stage_folder(collection).left_out == ("README.txt", "dicom/notes")


def test_a_second_upload_sends_nothing(collection: Path) -> None:
    stage_folder(collection)
    result = stage_folder(collection)
    assert (result.uploaded, result.already_there, result.uploaded_bytes) == (0, len(WANTED), 0)


def test_only_what_is_missing_or_changed_is_sent(collection: Path) -> None:
    stage_folder(collection)
    storage.client().delete_object(Bucket="chest-films", Key="my-films/metadata.csv")
    (collection / "Covid-19" / "1.PNG").write_bytes(b"FILM 1")  # same size, other content
    result = stage_folder(collection)
    assert (result.uploaded, result.already_there) == (2, len(WANTED) - 2)
    assert storage.fetch("chest-films", "my-films/Covid-19/1.PNG") == b"FILM 1"


def test_bucket_and_prefix_as_asked(collection: Path) -> None:
    result = stage_folder(collection, "other-bucket", "/some/where/")
    assert (result.bucket, result.prefix) == ("other-bucket", "some/where")
    assert storage.has_objects("other-bucket", "some/where/lung_masks")


def test_the_profile_of_the_folders_name_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "ward.yml").write_text("bucket: ward-films\nprefix: ward/2026\n")
    monkeypatch.setattr(staging, "PROJECT", tmp_path)
    assert staging.destination(Path("/data/ward")) == ("ward-films", "ward/2026")
    assert staging.destination(Path("/data/ward"), "mine") == ("mine", "ward/2026")
    assert staging.destination(Path("/data/ward"), prefix="x") == ("ward-films", "x")
    assert staging.destination(Path("/data/other")) == ("chest-films", "other")


@pytest.mark.parametrize("prefix", ["../x", "a//b", "a/../b", "."])
def test_a_prefix_is_a_plain_folder(collection: Path, prefix: str) -> None:
    with pytest.raises(UsageError, match="plain folder"):
        stage_folder(collection, prefix=prefix)


def test_progress_counts_up_to_all(collection: Path) -> None:
    seen: list[tuple[int, int]] = []
    stage_folder(collection, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, len(WANTED)) for done in range(1, len(WANTED) + 1)]


def test_a_folder_without_an_image_is_one_sentence(tmp_path: Path, outputs: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "table.csv").write_text("a\n")
    with pytest.raises(SuiteError, match="holds no image"):
        stage_folder(tmp_path / "empty")
    assert local_s3.find() is None  # nothing was begun


def test_a_folder_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        stage_folder(tmp_path / "nowhere")


def test_the_command_says_where_the_files_went(collection: Path, cxr) -> None:
    said = cxr("stage", str(collection))
    assert said.returncode == 0 and not said.stderr
    assert "s3://chest-films/my-films/: 6 files uploaded" in said.stdout
    assert "2 left out, neither image nor CSV: README.txt, dicom/notes" in said.stdout
    assert "6 already there" in cxr("stage", str(collection)).stdout


def test_the_command_refuses_in_one_sentence(tmp_path: Path, outputs: Path, cxr) -> None:
    said = cxr("stage", str(tmp_path / "nowhere"))
    assert said.returncode == 2 and "is not a folder" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.films
def test_a_real_collection_goes_up_whole(films: Path, outputs: Path) -> None:
    result = stage_folder(films / "ozturk")
    assert (result.prefix, result.uploaded, result.left_out) == ("ozturk", 1124, ())
