"""One collection in the store: filled with generated films if asked, listed, and described."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from helpers.core.errors import SuiteError
from helpers.core.params import Parameters
from helpers.data import storage
from helpers.data.records import patients_by_name, read_metadata

# Lies beside generated films and tells from which recipe they were made.
RECIPE = "collection.json"


@dataclass(frozen=True)
class Collection:
    """What is known before a film is opened.

    remarks: sentences a reader must see, such as a patients' list that could not be read.
    """

    objects: list[storage.StoredObject]
    metadata: pd.DataFrame | None
    patients: dict[str, str]
    remarks: tuple[str, ...] = ()


def open_collection(settings: Parameters) -> Collection:
    """List the objects under the prefix and read the metadata that lies with them.

    Raises SuiteError (missing bucket, empty prefix, unreadable metadata).
    """
    objects = list(storage.list_objects(settings.bucket, settings.prefix))
    key = f"{settings.prefix}/metadata.csv"
    described = any(item.key == key for item in objects)
    metadata = read_metadata(storage.fetch(settings.bucket, key)) if described else None
    patients, remarks = read_patients(settings.patient_metadata)
    return Collection(objects, metadata, patients, remarks)


def read_patients(address: str | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """File stem -> patient from another collection's metadata, and what went wrong if it did.

    That other collection may not be staged; the run then goes on, and says what it lacks.
    """
    if address is None:
        return {}, ()
    place = storage.parse_address(address)
    try:
        metadata = read_metadata(storage.fetch(place.bucket, place.key), address)
    except SuiteError as error:
        advice = "each film it would name counts as a patient of its own"
        return {}, (f"{error} Until then {advice}, so patients may be in two splits.",)
    return patients_by_name(metadata, PurePosixPath(place.key).parent.name), ()


def fill_with_generated_films(settings: Parameters) -> bool:
    """Put the generated collection under the prefix unless it is there already.

    Returns whether films were made. Films of another recipe (number, seed, shortcut) are replaced;
    a prefix that holds anything else is left alone.
    """
    if not settings.generate_films:
        return False
    recipe = {
        "films": settings.generate_films,
        "seed": settings.seed,
        "shortcut_rate": settings.shortcut_rate,
    }
    if storage.has_objects(settings.bucket, settings.prefix):
        found = _stored_recipe(settings)
        if found is None or found == recipe:
            return False
        storage.remove_folder(settings.bucket, settings.prefix)
    _generate(settings, recipe)
    return True


def _stored_recipe(settings: Parameters) -> dict | None:
    """The recipe beside the films; None for a collection that was not generated."""
    key = f"{settings.prefix}/{RECIPE}"
    if not any(item.key == key for item in storage.list_objects(settings.bucket, settings.prefix)):
        return None
    return json.loads(storage.fetch(settings.bucket, key))


def _generate(settings: Parameters, recipe: dict) -> None:
    from helpers.data.phantoms import write_collection
    from helpers.data.staging import stage_folder

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "generated"
        write_collection(
            folder, recipe["films"], recipe["seed"], shortcut_rate=recipe["shortcut_rate"]
        )
        storage.ensure_bucket(settings.bucket)
        # The unfinished recipe goes first, so that a broken start is made anew next time.
        storage.put(settings.bucket, f"{settings.prefix}/{RECIPE}", b"{}")
        stage_folder(folder, settings.bucket, settings.prefix)
        finished = json.dumps(recipe).encode()
        storage.put(settings.bucket, f"{settings.prefix}/{RECIPE}", finished)
