"""Before training: is any patient or film, however altered its copy, in two splits?"""

import numpy as np
import pandas as pd

from helpers.core.errors import SuiteError
from helpers.data.duplicates import match
from helpers.model.audit.findings import Finding, judged, not_tested


def audit_leakage(
    films: pd.DataFrame, splits: pd.DataFrame, fingerprints: np.ndarray | None = None
) -> list[Finding]:
    """Three findings: patients, byte-identical films and look-alike films in two splits.

    films: columns `key, patient_id, sha256`; splits: `key, split`; fingerprints: uint8
    (N, 128, 128) of `helpers.data.duplicates`, row i of film i, or None to leave pixels out.
    Raises SuiteError when the tables are not of the same films in the same order.
    """
    if list(films["key"]) != list(splits["key"]):
        raise SuiteError("Manifest and splits are of different films: run 03_preprocess again.")
    split = splits["split"].reset_index(drop=True)
    films = films.reset_index(drop=True)
    return [
        _patients(films["patient_id"], split),
        _copies(films["sha256"], split),
        _look_alikes(films, split, fingerprints),
    ]


def films_in_training(
    fingerprints: np.ndarray, training: np.ndarray, sha256: pd.Series, known: pd.Series
) -> pd.DataFrame:
    """Films of another collection that the run has seen: columns `film, training_film, how`.

    fingerprints, sha256: of the other collection's films; training, known: of the run's films.
    `how` is `bytes` or `pixels`; the numbers are row positions.
    """
    place = {value: row for row, value in enumerate(known)}
    same = [(row, place[value], "bytes") for row, value in enumerate(sha256) if value in place]
    taken = {row for row, _, _ in same}
    alike = match(fingerprints, training).drop_duplicates("first")
    same += [
        (int(pair.first), int(pair.second), "pixels")
        for pair in alike.itertuples()
        if pair.first not in taken
    ]
    return pd.DataFrame(same, columns=["film", "training_film", "how"])


def _patients(patients: pd.Series, split: pd.Series) -> Finding:
    if patients.isna().all():
        return not_tested("patients in two splits", "No film names its patient.")
    known = patients.notna()
    shared = _shared(patients[known], split[known])
    unknown = int((~known).sum())
    sentence = f"{shared} of {patients.nunique()} patients have films in two splits."
    if unknown:
        sentence += f" {unknown} films name no patient and could not be checked."
    return judged("patients in two splits", shared, 0, shared > 0, sentence)


def _copies(sha256: pd.Series, split: pd.Series) -> Finding:
    shared = _shared(sha256, split)
    sentence = f"{shared} of {sha256.nunique()} different files are in two splits."
    return judged("identical films in two splits", shared, 0, shared > 0, sentence)


def _look_alikes(films: pd.DataFrame, split: pd.Series, fingerprints: np.ndarray | None) -> Finding:
    name = "look-alike films in two splits"
    if fingerprints is None:
        return not_tested(name, "The films' pixels were not compared.")
    pairs = match(fingerprints)
    across = pairs[split.to_numpy()[pairs["first"]] != split.to_numpy()[pairs["second"]]]
    sentence = (
        f"{len(across)} pairs of look-alike films (rescaled, re-encoded or cropped copies) lie in "
        f"two splits; {len(pairs)} pairs were found in all."
    )
    if len(across):
        first, second = films["key"].iloc[across.iloc[0][["first", "second"]].astype(int)]
        sentence += f" The clearest: {first} and {second}."
    return judged(name, len(across), 0, len(across) > 0, sentence)


def _shared(values: pd.Series, split: pd.Series) -> int:
    return int((split.groupby(values.to_numpy()).nunique() > 1).sum())
