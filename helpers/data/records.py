"""The manifest: one row for every object of a collection, with its label, patient and status."""

import io
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import urlsplit

import pandas as pd

from helpers.core.errors import SuiteError
from helpers.core.params import Parameters

CONTRACT_COLUMNS = [
    *("key", "sha256", "bytes", "label", "finding", "patient_id", "view", "source", "licence"),
    *("width", "height", "status", "reason"),
]
# Metadata columns of the covid-chestxray collection that later notebooks draw or group by.
CARRIED_COLUMNS = ["sex", "age", "survival", "modality", "location", "offset", "date"]
IMAGE_ENDINGS = {
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".dcm", ".dicom"),
}
MASK_FOLDERS = {"lung_masks", "opacity_masks"}
# Words with which collections say that nobody has said.
NO_FINDING_GIVEN = {"", "todo", "unknown", "nan"}


class StoredObject(Protocol):
    """One object of a listing."""

    key: str
    size: int


def read_metadata(content: bytes, where: str = "metadata.csv") -> pd.DataFrame:
    """Parse a covid-chestxray style `metadata.csv`: every cell text, empty cells missing.

    Raises SuiteError when it is no CSV or has no `filename` column.
    """
    try:
        table = pd.read_csv(
            io.BytesIO(content),
            dtype="string",
            keep_default_na=False,
            na_values=[""],
            encoding_errors="replace",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SuiteError(
            f"{where} is not a readable CSV ({' '.join(str(error).split())})"
        ) from error
    if "filename" not in table:
        raise SuiteError(f"{where} has no column 'filename', so no film can be found by it")
    return table.apply(lambda column: column.str.strip())


def build_catalogue(
    objects: Iterable[StoredObject],
    settings: Parameters,
    metadata: pd.DataFrame | None = None,
    patients: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """One row an object: what the listing and the metadata say, before any film is opened.

    With metadata, finding, patient and view come from its rows; without, the finding is the name
    of the folder the film lies in and the patient is read from the file name.
    patients: further `file stem -> patient` names (see `patients_by_name`).
    """
    table = pd.DataFrame({"key": [item.key for item in objects]}, dtype="string")
    path = table["key"].map(PurePosixPath)
    table["filename"] = path.map(lambda key: key.name).astype("string")
    table["folder"] = path.map(lambda key: key.parent.name).astype("string")
    described = metadata is not None and len(metadata) > 0
    table = _describe(table, metadata) if described else _read_names(table, settings)
    named = table["filename"].map(_stem).map(dict(patients or {})).astype("string")
    table["patient_id"] = table["patient_id"].fillna(named)
    sources = table["finding"].map(settings.sources).astype("string")
    table["source"] = sources.fillna(table["source"].astype("string"))
    table["label"] = label_findings(table["finding"], settings.class_map)
    table["reason"] = _not_a_film(table)
    table["status"] = table["reason"].isna().map({True: "used", False: "excluded"})
    table.loc[table["status"] == "excluded", ["label", "finding", "patient_id"]] = pd.NA
    return table.drop(columns=["filename", "folder"])


def _describe(table: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """Join the metadata by file name; a name in two rows is taken from its first row."""
    rows = metadata.dropna(subset="filename").drop_duplicates("filename").copy()
    rows["patient_id"] = rows.get("patientid")
    rows["licence"] = rows.get("license")
    rows["source"] = rows["url"].map(_site, na_action="ignore") if "url" in rows else None
    wanted = ["finding", "patient_id", "view", "source", "licence", *CARRIED_COLUMNS]
    rows = rows.reindex(columns=["filename", *wanted]).astype("string")
    return table.merge(rows, on="filename", how="left", validate="many_to_one")


def _read_names(table: pd.DataFrame, settings: Parameters) -> pd.DataFrame:
    """Finding and patient of a collection that says both with its names (systems A, C, D)."""
    text = pd.Series(pd.NA, index=table.index, dtype="string")
    table = table.assign(**dict.fromkeys(["view", "source", "licence", *CARRIED_COLUMNS], text))
    table["finding"] = table["folder"]
    pattern = settings.patient_pattern
    names = table["filename"]
    table["patient_id"] = names.str.extract(f"(?:{pattern})")[0] if pattern else text
    return table


def compare_with_metadata(metadata: pd.DataFrame, objects: Iterable[StoredObject]) -> pd.DataFrame:
    """How metadata and listing fit: rows, films named twice, rows without a film."""
    stored = {PurePosixPath(item.key).name for item in objects}
    names = metadata["filename"]
    counts = {
        "rows": len(metadata),
        "rows that name no file": int(names.isna().sum()),
        "file names that stand in two rows or more": int(names[names.duplicated()].nunique()),
        "rows whose film is not in the bucket": int((~names.dropna().isin(stored)).sum()),
    }
    return pd.DataFrame({"metadata.csv": counts.keys(), "count": counts.values()})


def patients_by_name(metadata: pd.DataFrame, collection: str) -> dict[str, str]:
    """Map file stem -> `collection/patient`, so that two collections' numbers cannot meet."""
    rows = metadata.dropna(subset=["filename", "patientid"]).drop_duplicates("filename")
    return {
        _stem(name): f"{collection}/{patient}"
        for name, patient in zip(rows["filename"], rows["patientid"], strict=True)
    }


def label_findings(findings: pd.Series, class_map: Mapping[str, str]) -> pd.Series:
    """Our class for each finding word; missing where the map has neither the word nor `*`.

    Case and spaces do not matter. `Pneumonia/Viral/COVID-19` may stand in the map whole.
    """
    known = {_plain(word): name for word, name in class_map.items()}
    rest = known.get("*")

    def label(word: str) -> str | None:
        word = _plain(word)
        return None if word in NO_FINDING_GIVEN else known.get(word, rest)

    return findings.map(label, na_action="ignore").astype("string")


class VerifiedFilm(Protocol):
    """What ingest found out about one object."""

    key: str
    sha256: str | None
    bytes: int
    width: int | None
    height: int | None
    status: str
    reason: str | None


def complete_manifest(catalogue: pd.DataFrame, films: Iterable[VerifiedFilm]) -> pd.DataFrame:
    """The catalogue with what the files turned out to be; the contract's columns in their order.

    An unreadable film takes ingest's status and reason; a mask stays excluded, with its content
    known. An object that was not fetched has neither content nor size in pixels.
    """
    found = pd.DataFrame(
        [(f.key, f.sha256, f.bytes, f.width, f.height, f.status, f.reason) for f in films],
        columns=["key", "sha256", "bytes", "width", "height", "opened", "fault"],
    )
    table = catalogue.merge(found, on="key", how="left", validate="one_to_one")
    broken = table["opened"].eq("unreadable")
    table.loc[broken, "status"] = "unreadable"
    table.loc[broken, "reason"] = table.loc[broken, "fault"]
    for column in ("bytes", "width", "height"):
        table[column] = table[column].astype("Int64")
    return order_columns(table)


def choose_films(manifest: pd.DataFrame, settings: Parameters) -> pd.DataFrame:
    """Set `status` and `reason` of the films that this run cannot use; nothing is dropped.

    Excluded are films without a finding or of a finding in no class, CT slices, and views not in
    `settings.views`. A film whose view nobody noted is kept.
    """
    manifest = manifest.copy()
    rules = [
        (manifest["finding"].isna(), "no finding is given"),
        (manifest["modality"].eq("CT"), "CT, not a radiograph"),
        (
            manifest["view"].notna() & ~manifest["view"].isin(settings.views),
            "view " + manifest["view"] + " is not among " + ", ".join(settings.views),
        ),
        (manifest["label"].isna(), "finding " + manifest["finding"] + " is in no class"),
    ]
    for broken, reason in rules:
        rows = broken.fillna(False) & manifest["status"].eq("used")
        manifest.loc[rows, "reason"] = reason if isinstance(reason, str) else reason[rows]
        manifest.loc[rows, "status"] = "excluded"
    return manifest


def name_unknown_patients(manifest: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Give each used film without a patient one of its own; return how many there were."""
    manifest = manifest.copy()
    unknown = manifest["status"].eq("used") & manifest["patient_id"].isna()
    manifest.loc[unknown, "patient_id"] = "film/" + manifest.loc[unknown, "sha256"].str[:16]
    return manifest, int(unknown.sum())


def order_columns(manifest: pd.DataFrame) -> pd.DataFrame:
    """The contract's columns first, in its order; the carried metadata behind them."""
    return manifest.reindex(columns=CONTRACT_COLUMNS + CARRIED_COLUMNS)


def count_statuses(manifest: pd.DataFrame) -> pd.DataFrame:
    """Objects by status and reason, with their sum: nothing listed is lost."""
    reasons = manifest["reason"].fillna("")
    counts = manifest.groupby(["status", reasons], observed=True).size().rename("objects")
    table = counts.reset_index().sort_values(["status", "objects"], ascending=[False, False])
    total = pd.DataFrame({"status": ["all listed"], "reason": [""], "objects": [len(manifest)]})
    return pd.concat([table, total], ignore_index=True)


def _not_a_film(table: pd.DataFrame) -> pd.Series:
    def reason(name: str, folder: str) -> str | None:
        if folder in MASK_FOLDERS:
            return "mask, not a film"
        if PurePosixPath(name).suffix.lower() not in IMAGE_ENDINGS:
            return "not an image file"
        return None

    pairs = zip(table["filename"], table["folder"], strict=True)
    return pd.Series([reason(*pair) for pair in pairs], index=table.index, dtype="string")


def _plain(word: str) -> str:
    return re.sub(r"[\s_]+", " ", word).strip().casefold()


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _site(address: str) -> str:
    """The web site of a film's address; the address itself when it is not one."""
    return urlsplit(address).netloc.removeprefix("www.") or address
