"""Explanations: does the peak lie in the opacity, and what does a map cost over a prediction?"""

import time
from collections.abc import Callable

import numpy as np

from helpers.data.phantoms import CLASSES, generate_collection
from helpers.model import light
from helpers.model.architectures import build
from helpers.model.backend import keras, prepare_device, tf
from helpers.model.explain import GradCam, peaks_inside, saliency_in_mask

FILMS, SIZE, EPOCHS, REPEATS = 1600, 128, 24, 40
# Two poolings less than usual: a map of 16 x 16 points, small enough to point at an opacity.
WIDTHS = (16, 32, 64)


def run() -> list[dict]:
    """Peaks of a trained network, and the two ratios on C's network at its usual size."""
    prepare_device(seed=0, deterministic=False)
    return [peaks(), light_map(), keras_map()]


def peaks() -> dict:
    """Share of correctly classified held-out positives whose peak lies inside the true opacity."""
    made = list(generate_collection(FILMS, seed=77, size=SIZE, frontal_only=True))
    images = np.stack([film.pixels for film in made])
    codes = np.array([CLASSES.index(film.label) for film in made])
    rest = int(0.8 * FILMS)  # patients come in order, so none is on both sides but perhaps one
    model = trained(images[:rest], codes[:rest])
    probabilities, maps = GradCam(model)(images[rest:])
    opacities = np.stack([film.opacity_mask for film in made[rest:]])
    lungs = np.stack([film.lung_mask for film in made[rest:]])
    right = (probabilities.argmax(1) == codes[rest:]) & opacities.any(axis=(1, 2))
    shown = maps[right, ..., codes[rest:][right]]
    inside = peaks_inside(shown, opacities[right])
    share = np.nanmean(saliency_in_mask(shown, lungs[right]))
    return {
        "what": "peaks of Grad-CAM inside the true opacity",
        "measured": float(100 * inside.mean()),
        "unit": "%",
        "at_least": 80.0,
        "detail": f"{len(inside)} positives; opacities fill {opacities[right].mean():.0%} of the "
        f"film; {share:.0%} of the saliency is in the lungs",
    }


def trained(images: np.ndarray, codes: np.ndarray) -> keras.Model:
    """The suite's own network, narrow and with a fine map, its learning rate falling to zero."""
    model = build("chest_net", classes=len(CLASSES), image_size=SIZE, widths=WIDTHS)
    steps = EPOCHS * -(-len(images) // 32)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(images[..., None].astype(np.float32), codes, epochs=EPOCHS, verbose=0)
    return model


def light_map() -> dict:
    """The light model with its map against the same one without."""
    model = build("ten_conv_cnn", classes=3, image_size=256)
    with_map = runner(light.convert(model)[0])
    understood, light.dense_path = light.dense_path, lambda _: None
    try:
        without = runner(light.convert(model)[0])
    finally:
        light.dense_path = understood
    film = one_film().astype(np.float32)[..., None]
    seconds = in_turn(lambda: with_map(films=film), lambda: without(films=film))
    return ratio("Grad-CAM through the light model", seconds, 1.3)


def keras_map() -> dict:
    """Grad-CAM through Keras against a compiled prediction of the same network."""
    model = build("ten_conv_cnn", classes=3, image_size=256)
    cam, film = GradCam(model), one_film()
    predict = tf.function(lambda films: model(films, training=False), reduce_retracing=True)
    raw = film.astype(np.float32)[..., None]
    seconds = in_turn(lambda: cam(film), lambda: predict(raw).numpy())
    return ratio("Grad-CAM through Keras", seconds, 3.0)


def runner(content: bytes) -> Callable:
    """The signature of a light model on one core."""
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_content=content, num_threads=1).get_signature_runner()


def one_film() -> np.ndarray:
    """Noise; what a film shows does not change what it costs."""
    return np.random.default_rng(0).integers(0, 255, (1, 256, 256), dtype=np.uint8)


def in_turn(*ways: Callable) -> list[float]:
    """The quickest of many runs of each way, taken in turn so that both meet the same machine."""
    best = [np.inf] * len(ways)
    for way in ways:
        way()
    for _ in range(REPEATS):
        for place, way in enumerate(ways):
            start = time.perf_counter()
            way()
            best[place] = min(best[place], time.perf_counter() - start)
    return best


def ratio(what: str, seconds: list[float], most: float) -> dict:
    """With the map against without."""
    first, second = (1000 * value for value in seconds)
    return {
        "what": f"{what}, against a prediction",
        "measured": seconds[0] / seconds[1],
        "unit": "x",
        "at_most": most,
        "detail": f"{first:.2f} ms with the map, {second:.2f} ms without",
    }
