"""The ends every network shares: film in, saliency map marked, class probabilities out."""

from helpers.model.backend import keras

Tensor = keras.KerasTensor
SALIENCY_LAYER = "saliency_features"
LOGITS_LAYER = "logits"
PROBABILITIES_LAYER = "probabilities"


def film_input(image_size: int) -> Tensor:
    """Raw 8-bit film values, float32 (N, S, S, 1) in 0..255."""
    return keras.Input((image_size, image_size, 1), name="films", dtype="float32")


def as_colour(grey: Tensor) -> Tensor:
    """Repeat the grey channel three times, for networks that were designed for colour."""
    return keras.layers.Concatenate(name="grey_to_colour")([grey, grey, grey])


def to_unit(films: Tensor) -> Tensor:
    """0..255 to 0..1, the rescaling the five reports share."""
    return keras.layers.Rescaling(1 / 255, name="to_unit")(films)


def mark_saliency(features: Tensor) -> Tensor:
    """Name the feature map (N, h, w, K) that Grad-CAM reads; changes nothing."""
    return keras.layers.Identity(name=SALIENCY_LAYER)(features)


def softmax_end(features: Tensor, class_count: int) -> Tensor:
    """Dense layer and softmax. Always float32: half precision would round small probabilities."""
    logits = keras.layers.Dense(class_count, name=LOGITS_LAYER, dtype="float32")(features)
    return keras.layers.Softmax(name=PROBABILITIES_LAYER, dtype="float32")(logits)


def sigmoid_end(features: Tensor) -> Tensor:
    """One sigmoid unit p shown as the two columns [1 - p, p], so that argmax means something.

    Written as the softmax of [0, z], which is the same: Keras then takes the loss from z itself. A
    loss on a p that has rounded to 0 or 1 has no slope, and the network would never learn again.
    """
    logit = keras.layers.Dense(1, name=LOGITS_LAYER, dtype="float32")(features)
    zero = keras.layers.Rescaling(0.0, name="zero", dtype="float32")(logit)
    both = keras.layers.Concatenate(name="both", dtype="float32")([zero, logit])
    return keras.layers.Softmax(name=PROBABILITIES_LAYER, dtype="float32")(both)
