"""Where a network looks: Grad-CAM through Keras, occlusion through anything, and how to judge both.

The light model returns Grad-CAM maps in the same pass as its probabilities (`predictor`); `GradCam`
computes the same from the Keras model and is how the light one is checked. Occlusion needs no
gradients: grey out a patch and see how much probability goes with it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np

from helpers.core.errors import SuiteError

if TYPE_CHECKING:
    import keras

# uint8 (N, S, S) -> probabilities (N, C)
Predict = Callable[[np.ndarray], np.ndarray]
_FILMS_AT_ONCE = 64
_PEAK_WIDTH = 1 / 15


class GradCam:
    """Grad-CAM (Selvaraju 2017) of one Keras model of the registry; call it with films.

    The map is `saliency_features`, each channel weighed by the mean gradient of a class's logit
    over the map, positive part. One pass through the convolutions serves all classes.
    """

    def __init__(self, model: "keras.Model"):
        from helpers.model.architectures.layers import LOGITS_LAYER, SALIENCY_LAYER
        from helpers.model.backend import keras, tf

        known = {layer.name for layer in model.layers}
        if not {LOGITS_LAYER, SALIENCY_LAYER} <= known:
            raise SuiteError(
                f"{model.name} has no layers '{SALIENCY_LAYER}' and '{LOGITS_LAYER}': "
                "use a network of the registry."
            )
        features, logits = (model.get_layer(name).output for name in (SALIENCY_LAYER, LOGITS_LAYER))
        body = keras.Model(model.input, [features, model.output])
        head = keras.Model(features, logits)
        self._run = tf.function(
            _pass(tf, body, head, model.output_shape[-1]), reduce_retracing=True
        )

    def __call__(self, films: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Films uint8 (N, S, S) to probabilities (N, C) and maps float32 (N, h, w, C)."""
        chunks = [
            self._run(films[start : start + _FILMS_AT_ONCE].astype(np.float32)[..., None])
            for start in range(0, len(films), _FILMS_AT_ONCE)
        ]
        probabilities, maps = zip(*chunks, strict=True)
        return np.concatenate(probabilities), np.concatenate(maps)


def _pass(tf, body: "keras.Model", head: "keras.Model", classes: int) -> Callable:
    def run(films):
        features, probabilities = body(films, training=False)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(features)
            logits = head(features, training=False)
            if logits.shape[1] < classes:  # one logit z of two classes counts as -z and z
                logits = tf.concat([-logits, logits], 1)
            scores = tf.unstack(logits, axis=1)
        weights = [tf.reduce_mean(tape.gradient(score, features), (1, 2)) for score in scores]
        return probabilities, tf.nn.relu(
            tf.einsum("nhwk,nck->nhwc", features, tf.stack(weights, axis=1))
        )

    return run


def grad_cam(model: "keras.Model", films: np.ndarray) -> np.ndarray:
    """Maps float32 (N, h, w, C) of films, uint8 (N, S, S); keep a `GradCam` for many calls."""
    return GradCam(model)(films)[1]


def occlusion(
    predict: Predict, film: np.ndarray, patch: float = 1 / 6, batch: int = _FILMS_AT_ONCE
) -> np.ndarray:
    """How much probability each place carries: float32 (S, S, C), one map for each class.

    film: uint8 (S, S); a square of `patch` of its side is painted in the film's mean grey and moved
    by half its size; each pixel gets the mean loss of probability over the squares that cover it
    (below zero where hiding it raised the probability).
    """
    size = film.shape[0]
    side = max(2, round(patch * size))
    starts = np.unique(np.append(np.arange(0, size - side, max(1, side // 2)), size - side))
    places = [(row, column) for row in starts for column in starts]
    whole = predict(film[None])[0]
    loss = np.zeros((size, size, len(whole)), np.float32)
    covered = np.zeros((size, size, 1), np.float32)
    for first in range(0, len(places), batch):
        some = places[first : first + batch]
        for (row, column), found in zip(some, predict(_hidden(film, some, side)), strict=True):
            window = np.s_[row : row + side, column : column + side]
            loss[window] += whole - found
            covered[window] += 1
    return loss / covered


def _hidden(film: np.ndarray, places: list[tuple[int, int]], side: int) -> np.ndarray:
    copies = np.repeat(film[None], len(places), axis=0)
    for copy, (row, column) in zip(copies, places, strict=True):
        copy[row : row + side, column : column + side] = round(float(film.mean()))
    return copies


def enlarge(saliency: np.ndarray, size: int) -> np.ndarray:
    """Maps (N, h, w) in the size of the films, float32 (N, size, size), without new peaks."""
    maps = np.asarray(saliency, dtype=np.float32)
    return np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_LINEAR) for one in maps])


def saliency_in_mask(saliency: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Share of each film's saliency that lies inside its mask: float (N,), NaN where undefined.

    saliency: (N, h, w) non-negative; masks: bool or 0/1 (N, S, S). An empty mask or a map without
    saliency gives NaN, so that it is never counted as a zero.
    Raises SuiteError when maps and masks are not of the same films.
    """
    _check_masks(saliency, masks)
    maps, inside = enlarge(saliency, masks.shape[1]), masks.astype(bool)
    total = maps.sum(axis=(1, 2))
    defined = (total > 0) & inside.any(axis=(1, 2))
    share = (maps * inside).sum(axis=(1, 2)) / np.where(total > 0, total, 1)
    return np.where(defined, share, np.nan)


def peaks(saliency: np.ndarray, size: int) -> np.ndarray:
    """Row and column of each map's peak, in pixels of a film of that size: int (N, 2).

    Maps are smoothed over a fifteenth of the film first: one bright cell alone is noise, and an
    opacity is larger than that.
    """
    maps = [cv2.GaussianBlur(one, (0, 0), size * _PEAK_WIDTH) for one in enlarge(saliency, size)]
    flat = np.reshape(maps, (len(maps), -1)).argmax(axis=1)
    return np.stack(np.unravel_index(flat, (size, size)), axis=1)


def peaks_inside(saliency: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Whether each peak of maps (N, h, w) lies in its mask, (N, S, S): bool (N,)."""
    _check_masks(saliency, masks)
    rows, columns = peaks(saliency, masks.shape[1]).T
    return masks.astype(bool)[np.arange(len(masks)), rows, columns]


def _check_masks(saliency: np.ndarray, masks: np.ndarray) -> None:
    if masks.ndim != 3 or masks.shape[1] != masks.shape[2] or len(masks) != len(saliency):
        raise SuiteError(
            f"Masks of shape {masks.shape} do not fit {len(saliency)} saliency maps: "
            "run 03_preprocess again, which makes both in one size."
        )
