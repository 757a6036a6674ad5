"""What a run can answer about its films: where from, who, how chosen, labelled and divided."""

import pandas as pd

from helpers.app.figures.metadata import UNKNOWN, known_values
from helpers.app.figures.style import counts_in_words, listed, plural
from helpers.suite.report.facts import RunFacts

METADATA = ("patient_id", "sex", "age", "view", "survival", "location", "date")


def design(facts: RunFacts) -> str:
    """Prospective or retrospective."""
    if facts.films is None:
        return ""
    return "Retrospective: films that had been collected before, read from object storage."


def data_source(facts: RunFacts) -> str:
    """Where the films come from."""
    if facts.films is None:
        return ""
    sources = known_values(facts.used, "source").value_counts()
    licences = known_values(facts.used, "licence").value_counts()
    place = f"{facts.settings.get('bucket', '?')}/{facts.settings.get('prefix', '?')}"
    return (
        f"{plural(len(facts.films), 'film')} under s3://{place}, {len(facts.used):,} of them used. "
        f"Sources: {counts_in_words(sources)}. Licences: {counts_in_words(licences)}."
    )


def eligibility(facts: RunFacts) -> str:
    """Which films were taken, and which were not."""
    if facts.films is None:
        return ""
    left_out = facts.films.loc[facts.films["status"] != "used", "reason"].value_counts()
    views = listed(facts.settings.get("views", []))
    return (
        f"Readable films whose finding is in the class map and whose view is {views} or not noted. "
        f"Left out: {counts_in_words(left_out, 12)}."
    )


def dates(facts: RunFacts) -> str:
    """When the films were taken."""
    if facts.films is None or "date" not in facts.used:
        return ""
    years = facts.used["date"].astype("string").str.extract(r"((?:19|20)\d\d)")[0].dropna()
    if years.empty:
        return ""
    unknown = len(facts.used) - len(years)
    return f"Years {years.min()} to {years.max()}; not noted for {plural(unknown, 'film')}."


def preprocessing(facts: RunFacts) -> str:
    """What happens to the pixels."""
    size = facts.settings.get("image_size")
    if size is None:
        return ""
    return (
        f"Decoded to 8-bit grey, enhancement: {facts.settings.get('enhancement', 'none')}, resized "
        f"to {size} × {size} pixels; rescaling happens inside the network. Training, evaluation "
        "and prediction share this one path."
    )


def missing_data(facts: RunFacts) -> str:
    """How much is unknown, and what was done about it."""
    if facts.films is None:
        return ""
    unknown = {name: (known_values(facts.used, name) == UNKNOWN).mean() for name in METADATA}
    parts = [f"{name} {share:.0%}" for name, share in unknown.items()]
    return (
        f"Unknown among the films used: {listed(parts)}. Nothing was filled in: the unknown is "
        "shown as a group of its own, and a film of unknown patient counts as a patient of its own."
    )


def reference_standard(facts: RunFacts) -> str:
    """What counts as the truth."""
    mapping = facts.settings.get("class_map")
    if not mapping:
        return ""
    pairs = [f"{word} → {label}" for word, label in mapping.items()]
    return (
        "The finding that the collection gives for each film, taken on trust and mapped to "
        f"classes: {listed(pairs)}. No reader of this suite looked at the films again."
    )


def partition(facts: RunFacts) -> str:
    """How films came into training, validation and test."""
    if facts.films is None or facts.used["split"].isna().all():
        return ""
    settings = facts.settings
    sizes = facts.used["split"].value_counts()
    return (
        f"Stratified by class into {settings.get('folds', '?')} parts with seed "
        f"{settings.get('seed', '?')}; part {settings.get('test_fold', '?')} is the test split. "
        f"Films: {counts_in_words(sizes)}."
    )


def disjoint(facts: RunFacts) -> str:
    """At which level the splits are apart, checked on the run's files."""
    if facts.films is None or facts.used["split"].isna().all():
        return ""
    films = facts.used
    patients = _in_several_splits(films, "patient_id")
    copies = _in_several_splits(films, "sha256")
    return (
        f"Split by {facts.settings.get('split_by', '?')}. Checked: {plural(patients, 'patient')} "
        f"and {plural(copies, 'byte-identical film')} in more than one split."
    )


def flow(facts: RunFacts) -> str:
    """Films and patients in and out."""
    if facts.films is None:
        return ""
    counts = facts.films["status"].value_counts()
    patients = facts.used["patient_id"].nunique()
    return (
        f"{plural(len(facts.films), 'film')}: {counts_in_words(counts)}; the films used come from "
        f"{plural(patients, 'patient')}."
    )


def demographics(facts: RunFacts) -> str:
    """Who the patients are."""
    if facts.films is None:
        return ""
    sex = known_values(facts.used, "sex").value_counts()
    ages = pd.to_numeric(known_values(facts.used, "age"), errors="coerce").dropna()
    middle = f"median age {ages.median():.0f} years" if len(ages) else "ages unknown"
    return f"Films by sex: {counts_in_words(sex)}; {middle}. The report has a table by split."


def imbalance(facts: RunFacts) -> str:
    """What was done about classes of unequal size."""
    if facts.films is None or "class_weights" not in facts.settings:
        return ""
    done = "Classes were weighted" if facts.settings["class_weights"] else "No class was weighted"
    counts = facts.used["label"].value_counts()
    return f"{done} in training. Films of each class: {counts_in_words(counts)}."


def availability(facts: RunFacts) -> str:
    """Whether others can repeat it."""
    return (
        "The suite and this run's parameters are enough to repeat the run; films stay with their "
        "sources and are not passed on."
    )


def _in_several_splits(films: pd.DataFrame, column: str) -> int:
    return int((films.groupby(column)["split"].nunique() > 1).sum())


ANSWERS = (
    design,
    data_source,
    eligibility,
    dates,
    preprocessing,
    missing_data,
    reference_standard,
    partition,
    disjoint,
    flow,
    demographics,
    imbalance,
    availability,
)
