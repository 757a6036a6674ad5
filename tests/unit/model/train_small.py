"""A training in a process of its own, to be killed: `python train_small.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np

from helpers.model.backend import prepare_device
from helpers.model.training import fit
from tests.unit.model.small_films import compiled, small_films, small_settings

folder = Path(sys.argv[1])
prepare_device(seed=0, deterministic=True)
settings = small_settings(
    epochs=8, mixup=0.3, augment_rotation=10.0, augment_flip=True, best_by="last_epoch"
)
films = small_films(96, size=16)
model = compiled(settings, films)
fit(model, films, settings, folder)
np.savez(folder / "weights.npz", *model.get_weights())
