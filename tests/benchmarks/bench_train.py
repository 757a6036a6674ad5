"""Training with augmentation against the bare compiled step, and against C's and D's generator."""

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from helpers.core.params import Parameters
from helpers.model.architectures import build
from helpers.model.backend import keras, prepare_device, tf
from helpers.model.batches import EpochBatches, train_epoch
from helpers.model.films import LabelledFilms
from helpers.model.training import fit

CLASSES = ("COVID-19", "No finding", "Pneumonia")
FILMS, SIZE, REPEATS = 256, 256, 3
SETTINGS = Parameters(
    architecture="ten_conv_cnn",  # C's, a light network: the harder case for the pipeline
    image_size=SIZE,
    batch_size=32,
    augment_zoom=0.2,
    augment_shear=11.0,
    augment_flip=True,
    augment_brightness=0.1,
    mixup=0.3,
)


def run() -> list[dict]:
    """The ratios on C's network, measured in turn, the best of each, and the peak memory."""
    films = noise_films()
    prepare_device(seed=0, deterministic=False, mixed=True)
    half = compiled()
    prepare_device(seed=0, deterministic=False)
    ours, colour = compiled(), compiled(colour=True)
    ways: dict[str, Callable[[], None]] = {
        "bare": lambda: bare_steps(ours, films),
        "suite": lambda: train_epoch(ours, EpochBatches(films, SETTINGS, epoch=0)),
        "mixed_precision": lambda: train_epoch(half, EpochBatches(films, SETTINGS, epoch=0)),
    }
    with tempfile.TemporaryDirectory() as folder:
        write_class_folders(films, Path(folder))
        flow = generator(Path(folder))
        ways["generator"] = lambda: colour.fit(flow, verbose=0)
        rates = {name: FILMS / seconds for name, seconds in best_of(ways).items()}
    detail = ", ".join(f"{name} {rate:.0f} films/s" for name, rate in rates.items())
    old = rates["generator"]
    return [
        ratio("against the bare compiled step", rates["suite"] / rates["bare"], 0.85, detail),
        ratio("against ImageDataGenerator", rates["suite"] / old, 2.0, detail),
        ratio("mixed precision, against the same", rates["mixed_precision"] / old, 2.0, detail),
        whole_training(films),
    ]


def whole_training(films: LabelledFilms) -> dict:
    """Two epochs as 04_train runs them, with validation and checkpoints; the process's memory."""
    settings = SETTINGS.model_copy(update={"epochs": 2})
    with tempfile.TemporaryDirectory() as folder:
        training = fit(compiled(), films, settings, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = training.history["seconds"].iloc[-1]
    detail = f"an epoch of {FILMS} films with validation and checkpoint: {seconds:.1f} s"
    return {
        "what": "peak memory of training",
        "measured": peak,
        "unit": "GB",
        "at_most": 4,
        "detail": detail,
    }


def noise_films() -> LabelledFilms:
    generator = np.random.default_rng(0)
    small = generator.integers(0, 256, (FILMS, 32, 32), dtype=np.uint8)
    images = np.stack([cv2.resize(film, (SIZE, SIZE)) for film in small])
    names = np.arange(FILMS).astype(str)
    split = np.full(FILMS, "train")
    return LabelledFilms(images, np.arange(FILMS) % 3, split, names, CLASSES, names)


def compiled(colour: bool = False) -> keras.Model:
    """C's network; with `colour`, the same layers from its three channels on."""
    model = build(SETTINGS.architecture, CLASSES, SIZE)
    if colour:
        model = keras.Model(model.get_layer("grey_to_colour").output, model.output)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def bare_steps(model: keras.Model, films: LabelledFilms) -> None:
    """The compiled step alone: one batch that lies in memory as a tensor, again and again."""
    size = SETTINGS.batch_size
    batch = (
        tf.constant(films.images[:size, ..., None], tf.float32),
        tf.one_hot(films.codes[:size], len(CLASSES)),
    )
    for _ in range(FILMS // size):
        model.train_on_batch(*batch)


def write_class_folders(films: LabelledFilms, folder: Path) -> None:
    for number, (film, code) in enumerate(zip(films.images, films.codes, strict=True)):
        place = folder / CLASSES[code]
        place.mkdir(exist_ok=True)
        cv2.imwrite(str(place / f"{number}.png"), film)


def generator(folder: Path):
    """What C and D show: Keras's old generator over class folders, shear and zoom."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    augmenting = ImageDataGenerator(zoom_range=0.2, shear_range=11.0, horizontal_flip=True)
    return augmenting.flow_from_directory(
        folder, target_size=(SIZE, SIZE), batch_size=SETTINGS.batch_size, class_mode="categorical"
    )


def best_of(ways: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Least seconds of each, taken in turn so that other load falls on all; one run to warm up."""
    least = dict.fromkeys(ways, float("inf"))
    for turn in range(REPEATS + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if turn:
                least[name] = min(least[name], time.perf_counter() - began)
    return least


def ratio(what: str, value: float, aim: float, detail: str) -> dict:
    return {
        "what": f"training, augmentation on, {what}",
        "measured": value,
        "at_least": aim,
        "detail": detail,
    }
