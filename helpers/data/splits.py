"""Honest splits: no patient and no film, however often it was copied, in two of them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from helpers.core.errors import SuiteError

SPLITS = ("train", "validation", "test")
# One part in eight of what is not tested chooses epochs, threshold and temperature.
VALIDATION_PARTS = 8


def assign_splits(
    films: pd.DataFrame,
    *,
    folds: int,
    test_fold: int,
    seed: int,
    by: str = "patient",
    same: Iterable[tuple[int, int]] = (),
) -> pd.DataFrame:
    """Divide films into train, validation and test, stratified by label.

    films: columns `key, label, patient_id, sha256`, one row a film.
    same: pairs of row positions that show the same picture (perceptual duplicates).
    by: `patient` keeps groups whole; `image` splits film by film, the mistake to be measured.
    Returns `key, split, fold, group` in the order of `films`; every film is in the test split of
    exactly one of the `folds` choices of `test_fold`.
    Raises SuiteError when a class has fewer groups than there are folds.
    """
    films = films.reset_index(drop=True)
    groups = group_films(films, same) if by == "patient" else np.arange(len(films))
    _check_enough(films["label"], groups, folds, "patients" if by == "patient" else "films")
    fold = _fold_numbers(films["label"], groups, folds, seed)
    split = np.where(fold == test_fold, "test", "train").astype(object)
    rest = np.flatnonzero(fold != test_fold)
    labels = films["label"].iloc[rest]
    parts = max(2, min(VALIDATION_PARTS, _groups_by_class(labels, groups[rest]).min()))
    inner = _fold_numbers(labels, groups[rest], parts, seed + 1)
    split[rest[inner == 0]] = "validation"
    return pd.DataFrame({"key": films["key"], "split": split, "fold": fold, "group": groups})


def group_films(films: pd.DataFrame, same: Iterable[tuple[int, int]] = ()) -> np.ndarray:
    """One number for all films that hang together: by patient, by bytes, by looking the same."""
    links = [*_links(films["patient_id"]), *_links(films["sha256"]), *same]
    count = len(films)
    rows, columns = np.array(links, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def check_disjoint(films: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """How many patients, contents and groups stand in more than one split (0 is right)."""
    table = films[["key", "patient_id", "sha256"]].merge(splits, on="key", validate="one_to_one")
    names = {"patient_id": "patients", "sha256": "identical films", "group": "groups"}
    rows = [
        {"shared": name, "in two splits": int((table.groupby(column)["split"].nunique() > 1).sum())}
        for column, name in names.items()
    ]
    return pd.DataFrame(rows)


def count_splits(films: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Films and patients of each class in each split."""
    table = films[["key", "label", "patient_id"]].merge(splits, on="key", validate="one_to_one")
    grouped = table.groupby(["split", "label"])
    counts = grouped.agg(films=("key", "size"), patients=("patient_id", "nunique"))
    return counts.unstack("label").reindex(SPLITS).fillna(0).astype(int)


def _links(column: pd.Series) -> list[tuple[int, int]]:
    """Each row linked to the first row with the same value."""
    first = column.groupby(column).transform(lambda same: same.index[0])
    return [(int(row), int(head)) for row, head in first.dropna().items() if row != head]


def _fold_numbers(labels: pd.Series, groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    fold = np.empty(len(labels), dtype=int)
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    for number, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
        fold[held_out] = number
    return fold


def _check_enough(labels: pd.Series, groups: np.ndarray, folds: int, unit: str) -> None:
    if labels.nunique() < 2:
        found = ", ".join(map(str, labels.unique())) or "none"
        raise SuiteError(
            f"The films are of one class only ({found}); a network needs at least two: "
            "check class_map and the collection"
        )
    for label, count in _groups_by_class(labels, groups).items():
        if count < folds:
            raise SuiteError(
                f"Class {label!r} has {count} {unit}, fewer than the {folds} folds; lower folds, "
                "add films, or map its findings to another class"
            )


def _groups_by_class(labels: pd.Series, groups: np.ndarray) -> pd.Series:
    return pd.Series(groups).groupby(labels.to_numpy()).nunique()
