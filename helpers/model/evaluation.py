"""The held-out films of a run and what the model says of them: from run folder to `Predictions`."""

from typing import Any

import numpy as np
import pandas as pd

from helpers.core.errors import SuiteError
from helpers.core.runs import Run
from helpers.data.preprocess import used_films
from helpers.model.audit import lung_masks
from helpers.model.comparison import paired_predictions
from helpers.model.explain import saliency_in_mask
from helpers.model.intervals import bootstrap, describe
from helpers.model.predictions import Predictions, check_predictions

HELD_OUT = ("validation", "test")


def held_out_films(run: Run) -> pd.DataFrame:
    """Manifest rows of the validation and test films with their split, fold and group.

    The index is each film's row in images.npy. Raises SuiteError where the run's files do not
    belong together, or where a split is empty.
    """
    films = used_films(run.read_table("manifest.csv"))
    splits = run.read_table("splits.csv")
    count = len(np.load(run.require("images.npy"), mmap_mode="r"))
    if not (len(films) == len(splits) == count) or (films["key"] != splits["key"]).any():
        raise SuiteError(
            f"{run.shown()}: manifest.csv has {len(films)} used films, splits.csv {len(splits)} "
            f"and images.npy {count}, or in another order: run 03_preprocess again."
        )
    films = films.assign(**{name: splits[name] for name in ("split", "fold", "group")})
    for split in HELD_OUT:
        if not (films["split"] == split).any():
            raise SuiteError(f"No film is in the {split} split: run 03_preprocess again.")
    return films[films["split"].isin(HELD_OUT)]


def predictions_of(
    films: pd.DataFrame, probabilities: np.ndarray, classes: tuple[str, ...], split: str
) -> Predictions:
    """The predictions of one split; probabilities (N, C) belong to the rows of `films`."""
    chosen = (films["split"] == split).to_numpy()
    rows = films[chosen]
    return check_predictions(rows["label"], probabilities[chosen], classes, rows["group"])


def predictions_table(
    films: pd.DataFrame, probabilities: np.ndarray, classes: tuple[str, ...]
) -> pd.DataFrame:
    """The rows of `predictions.csv`: key, split, fold, label, predicted, p_<class>."""
    table = films[["key", "split", "fold", "label"]].reset_index(drop=True)
    table["predicted"] = np.array(classes)[probabilities.argmax(axis=1)]
    for position, name in enumerate(classes):
        table[f"p_{name}"] = probabilities[:, position].round(6)
    return table


def rival_predictions(
    films: pd.DataFrame, probabilities: np.ndarray, classes: tuple[str, ...], run: str | None
) -> tuple[str, Predictions, Predictions]:
    """The name of a rival, this run's predictions on the shared test films, and the rival's.

    Without another run the rival guesses: for every film the shares of the classes in validation.
    """
    if run is not None:
        theirs = Run(run).read_table("predictions.csv")
        groups = films.set_index("key")["group"]
        ours = predictions_table(films, probabilities, classes)
        return run, *paired_predictions(ours, theirs, groups)
    test = predictions_of(films, probabilities, classes, "test")
    labels = films.loc[films["split"] == "validation", "label"]
    shares = labels.value_counts(normalize=True).reindex(classes).fillna(0).to_numpy()
    guessed = np.tile(shares, (len(test.truth), 1))
    guess = Predictions(test.truth, guessed, test.patients, classes)
    return "guessing by the classes' shares", test, guess


def score_saliency(
    run: Run, films: pd.DataFrame, maps: np.ndarray | None, test: Predictions, **options: int
) -> dict[str, Any]:
    """How much of the predicted class's saliency lies in the lungs, and how much of the film does.

    films: held-out rows; maps: their Grad-CAM maps (N, h, w, C); options: resamples and seed.
    Returns `in_lungs` and `lungs_fill`, each a mean with its interval over patients, or a `reason`
    where the run has no masks or the model no maps. A network that looks anywhere has them equal.
    """
    if maps is None:
        return {"reason": "the model gives no saliency maps"}
    masks = lung_masks(run)
    if masks is None:
        return {"reason": "the run has no lung masks"}
    rows = (films["split"] == "test").to_numpy()
    chosen = np.asarray(masks[films.index[rows]])
    of_called = np.take_along_axis(maps[rows], test.predicted[:, None, None, None], axis=3)[..., 0]
    in_lungs = saliency_in_mask(of_called, chosen)
    covered = ~np.isnan(in_lungs)
    if not covered.any():
        return {"reason": "no test film has both a lung mask and a saliency map"}
    shares = np.column_stack([in_lungs, chosen.astype(bool).mean(axis=(1, 2))])[covered]
    return _means(shares, test.select(covered), **options)


def _means(shares: np.ndarray, films: Predictions, resamples: int, seed: int) -> dict[str, Any]:
    """Mean of each column of shares (N, 2) with its interval over patients."""
    sums = np.zeros((films.patient_count, 3))
    np.add.at(sums, films.patients, np.column_stack([shares, np.ones(len(shares))]))

    def means(weights: np.ndarray) -> np.ndarray:
        totals = weights @ sums
        return totals[:, :2] / totals[:, 2:]

    resampled = bootstrap(means, films.patient_count, resamples, seed)
    counts = {"n": len(shares), "patients": films.patient_count}
    names = ("in_lungs", "lungs_fill")
    return {name: describe(resampled, column, **counts) for column, name in enumerate(names)}
