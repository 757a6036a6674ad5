"""Fit a scikit-learn head on deep features (report B)."""

import time

import pandas as pd

from helpers.core.params import Parameters
from helpers.model.backend import keras
from helpers.model.films import LabelledFilms
from helpers.model.heads import fit_head, head_probabilities
from helpers.model.history import Training
from helpers.model.inference import deep_features
from helpers.model.scores import score_validation


def fit_on_features(model: keras.Model, films: LabelledFilms, settings: Parameters) -> Training:
    """Fit a scikit-learn head on features that are computed once; the network stays as it is."""
    started = time.monotonic()
    rows = {split: films.rows(split) for split in ("train", "validation")}
    features = {
        split: deep_features(model, films.images[chosen])
        for split, chosen in rows.items()
        if len(chosen)
    }
    head = fit_head(settings.head, features["train"], films.codes[rows["train"]], settings.seed)
    scores = {
        split: score_validation(
            films.codes[rows[split]], head_probabilities(head, found, len(films.classes))
        )
        for split, found in features.items()
    }
    learned = {name.removeprefix("val_"): value for name, value in scores.pop("train").items()}
    row = {"epoch": 1, "loss": learned["loss"], "accuracy": learned["accuracy"]}
    row |= scores.get("validation", {}) | {"seconds": round(time.monotonic() - started, 3)}
    return Training(
        history=pd.DataFrame([row]),
        best_epoch=1,
        ending=f"the head {settings.head} is fitted",
        finished=True,
        resumed_from=0,
        seconds=time.monotonic() - started,
        remarks=(),
        head=head,
    )
