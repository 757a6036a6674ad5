"""S3 through one client: pages, addresses, and one sentence for each failure."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.core.errors import SuiteError, UsageError
from helpers.data import local_s3, storage

BUCKET = "films-test"


@pytest.fixture
def bucket(outputs: Path) -> Iterator[str]:
    storage.ensure_bucket(BUCKET)
    yield BUCKET


@pytest.fixture
def other_store(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Point the standard AWS chain somewhere, as a user's shell does."""

    def use(endpoint: str, access_key: str = "", secret_key: str = "") -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        if access_key:
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)

    return use


def sentence(action: Callable[[], object]) -> str:
    with pytest.raises(SuiteError) as caught:
        action()
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".")
    return text


def test_what_was_put_is_fetched(bucket: str) -> None:
    etag = storage.put(bucket, "a folder/é+ ?#%.bin", b"\x00film")
    assert storage.fetch(bucket, "a folder/é+ ?#%.bin") == b"\x00film"
    listed = list(storage.list_objects(bucket))
    assert listed == [storage.StoredObject("a folder/é+ ?#%.bin", 5, etag)]


def test_files_go_up_and_come_down(bucket: str, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(256)) * 40_000)  # above boto3's 8 MB: sent in parts
    storage.upload(large, bucket, "parts/large.bin")
    back = storage.download(bucket, "parts/large.bin", tmp_path / "new" / "back.bin")
    assert back.read_bytes() == large.read_bytes()


def test_a_failed_download_leaves_nothing(bucket: str, tmp_path: Path) -> None:
    sentence(lambda: storage.download(bucket, "nothing", tmp_path / "half.bin"))
    assert not (tmp_path / "half.bin").exists()


def test_a_listing_goes_past_the_first_thousand(bucket: str) -> None:
    folder = local_s3.buckets_folder() / bucket / "many"
    folder.mkdir(parents=True)
    for number in range(1_203):
        (folder / f"{number:05}.txt").write_bytes(b"x")
    keys = [item.key for item in storage.list_objects(bucket, "many")]
    assert keys == [f"many/{number:05}.txt" for number in range(1_203)]


def test_a_prefix_is_a_folder_and_not_a_beginning(bucket: str) -> None:
    for key in ("set/1.png", "set2/1.png"):
        storage.put(bucket, key, b"x")
    assert [item.key for item in storage.list_objects(bucket, "set")] == ["set/1.png"]
    assert [item.key for item in storage.list_objects(bucket, "/set/")] == ["set/1.png"]
    assert len(list(storage.list_objects(bucket))) == 2


def test_a_folder_is_removed_and_its_neighbours_stay(bucket: str) -> None:
    for key in ("films/a", "films/more/b", "films2/c"):
        storage.put(bucket, key, b"film")
    storage.remove_folder(bucket, "films")
    assert [item.key for item in storage.list_objects(bucket, "films2")] == ["films2/c"]
    assert not storage.has_objects(bucket, "films")
    storage.remove_folder(bucket, "films")  # already gone


@pytest.mark.parametrize("prefix", ["", "/"])
def test_a_whole_bucket_is_never_removed(bucket: str, prefix: str) -> None:
    storage.put(bucket, "films/a", b"film")
    assert "All of bucket" in sentence(lambda: storage.remove_folder(bucket, prefix))
    assert storage.has_objects(bucket, "films")


def test_has_objects(bucket: str) -> None:
    storage.put(bucket, "set/1.png", b"x")
    assert storage.has_objects(bucket, "set")
    assert not storage.has_objects(bucket, "other")
    assert not storage.has_objects("no-such-bucket", "set")


def test_s3fs_reads_the_same_store(bucket: str) -> None:
    storage.put(bucket, "set/table.csv", b"a\n1\n")
    files = storage.filesystem()
    assert files.ls(f"{bucket}/set") == [f"{bucket}/set/table.csv"]
    assert files.open(f"s3://{bucket}/set/table.csv").read() == b"a\n1\n"


def test_the_store_checks_an_md5(bucket: str) -> None:
    wrong = "1B2M2Y8AsgTpgAmY7PhCfg=="  # of nothing
    assert "BadDigest" in sentence(lambda: storage.put(bucket, "x", b"film", md5=wrong))
    assert not storage.has_objects(bucket)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://b/k", ("b", "k")),
        ("s3://b/a/b c.png", ("b", "a/b c.png")),
        ("s3://b", ("b", "")),
        ("s3://b/k?version#1", ("b", "k?version#1")),
    ],
)
def test_an_address_is_a_bucket_and_a_key(text: str, expected: tuple[str, str]) -> None:
    assert storage.parse_address(text) == storage.Address(*expected)


@pytest.mark.parametrize("text", ["", "s3://", "s3:///k", "b/k", "https://b/k", "/etc/passwd"])
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="s3://BUCKET/KEY"):
        storage.parse_address(text)


def test_a_missing_bucket_says_how_to_make_it(outputs: Path) -> None:
    text = sentence(lambda: list(storage.list_objects("no-such-bucket", "set")))
    assert "no bucket 'no-such-bucket'" in text and "cxr stage" in text


def test_an_empty_prefix_names_it(bucket: str) -> None:
    text = sentence(lambda: list(storage.list_objects(bucket, "nothing/here")))
    assert f"s3://{bucket}/nothing/here/" in text


def test_a_missing_key_names_it(bucket: str) -> None:
    assert f"s3://{bucket}/gone.png" in sentence(lambda: storage.fetch(bucket, "gone.png"))


def test_an_impossible_bucket_is_wrong_usage(outputs: Path) -> None:
    with pytest.raises(UsageError, match="not a usable address"):
        storage.ensure_bucket("No/Bucket")
    with pytest.raises(UsageError, match="not a usable address"):
        storage.ensure_bucket("UPPER")


def test_a_wrong_secret_is_refused_and_not_repeated(bucket: str, other_store: Callable) -> None:
    store = local_s3.start()
    other_store(store.endpoint, store.access_key, "mistyped-secret")
    text = sentence(lambda: list(storage.list_objects(bucket)))
    assert "refused these credentials" in text
    assert "mistyped-secret" not in text and store.access_key not in text


def test_an_endpoint_that_is_down_is_named(other_store: Callable) -> None:
    other_store("http://user:password@127.0.0.1:9", "key", "secret")
    text = sentence(lambda: storage.fetch("b-1", "k"))
    assert text.startswith("127.0.0.1:9 does not answer") and "password" not in text


def test_missing_credentials_are_named(other_store: Callable) -> None:
    other_store("http://127.0.0.1:9")
    assert "No credentials" in sentence(lambda: storage.fetch("b-1", "k"))


def test_an_unknown_profile_is_named(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "nobody" in sentence(lambda: storage.fetch("b-1", "k"))


def test_the_environment_of_the_embedded_store_leads_back_to_it(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(bucket, "x", b"1")
    for name, value in local_s3.start().environment().items():
        monkeypatch.setenv(name, value)
    assert not storage.uses_embedded_store()
    assert storage.endpoint_name() == "embedded"
    assert storage.fetch(bucket, "x") == b"1"
    assert storage.filesystem().cat(f"{bucket}/x") == b"1"


def test_elsewhere_a_missing_bucket_is_not_made(bucket: str, other_store: Callable) -> None:
    store = local_s3.start()
    # Another name of the same machine: to the suite this is somebody else's store.
    other_store(
        store.endpoint.replace("127.0.0.1", "localhost"), store.access_key, store.secret_key
    )
    storage.ensure_bucket(bucket)
    assert "no bucket 'new-one'" in sentence(lambda: storage.ensure_bucket("new-one"))


def test_a_changed_environment_gets_another_client(bucket: str, other_store: Callable) -> None:
    first = storage.client()
    assert storage.client() is first
    other_store("http://127.0.0.1:9", "key", "secret")
    assert storage.client() is not first
