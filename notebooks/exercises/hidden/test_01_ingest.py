"""01: the answers on listing, lateral films, disagreements and unreadable files."""

from collections import Counter

import pandas as pd

from helpers.data.images import UnreadableFilmError, decode_film
from helpers.suite.exercises.data.bucket import draw_arrivals, draw_bucket, draw_collection
from helpers.suite.exercises.partial import agreement, both_sides, columns, mean, members, shares


def reference_01_listing(seed: int) -> dict[str, int]:
    """Objects by folder below ward/, over all pages."""
    bucket, keys, token = draw_bucket(seed), [], None
    while True:
        page = bucket.list_objects_v2(Prefix="ward/", ContinuationToken=token)
        keys += [item["Key"] for item in page["Contents"]]
        token = page.get("NextContinuationToken")
        if token is None:
            return dict(Counter(key.split("/")[1] for key in keys if key.count("/") == 2))


def reference_lateral_films(seed: int) -> int:
    """Lateral films with a finding."""
    return len(_lateral(seed))


def reference_lateral_patients(seed: int) -> int:
    """Patients with such a film."""
    return int(_lateral(seed)["patientid"].nunique())


def test_01_listing(answers, seed):
    expected = reference_01_listing(seed)
    given = members(answers["01_listing"], list(expected), "The dictionary of folders")
    surplus = sorted(set(given) - set(expected))
    assert not surplus, f"{surplus[0]!r} is no folder below ward/."
    right = {name: given[name] == count for name, count in expected.items()}
    return shares(right, "The count is not right for: {wrong}.")


def test_01_disagree(answers, seed):
    expected = _disagreements(seed)
    given = members(answers["01_disagree"], list(expected), "The dictionary of disagreements")
    return mean(*(agreement(given[side], names, side) for side, names in expected.items()))


def test_01_arrivals(answers, seed):
    table = columns(answers["01_arrivals"], ["name", "status", "reason"], "The manifest")
    assert table["name"].is_unique, "A file stands in two rows of the manifest."
    given = table.set_index("name")["status"].to_dict()
    expected = {name: _opens(content) for name, content in draw_arrivals(seed).items()}
    return both_sides(given, expected, "The status of {wrong} files is not right.")


def _lateral(seed: int) -> pd.DataFrame:
    rows = draw_collection(seed).metadata
    radiograph = rows["modality"].eq("X-ray")
    return rows[rows["view"].eq("L") & rows["finding"].notna() & radiograph]


def _disagreements(seed: int) -> dict[str, list[str]]:
    collection = draw_collection(seed)
    films = [item.key for item in collection.objects if item.key.startswith("images/")]
    listed = {key.rpartition("/")[2] for key in films}
    named = set(collection.metadata["filename"])
    return {"no_film": sorted(named - listed), "no_row": sorted(listed - named)}


def _opens(content: bytes) -> str:
    try:
        decode_film(content)
    except UnreadableFilmError:
        return "unreadable"
    return "used"
