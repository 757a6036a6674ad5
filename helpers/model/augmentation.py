"""Change training films a little each epoch: mirror, turn, shift, zoom, shear, brighten, mix.

Every draw is a pure function of the seed, the epoch and the film's place in it, so a training that
was killed and goes on sees exactly what an unbroken one would have seen. OpenCV does the work on
8-bit pixels while the network computes; the network never sees anything but 8-bit films.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from helpers.core.params import Parameters


@dataclass(frozen=True)
class Augmentation:
    """How far films may be changed; all zero changes nothing.

    rotation, shear: degrees either way; shift, zoom: fraction of the side either way;
    brightness: fraction of 255 added or taken, and of contrast gained or lost;
    mixup: parameter of the Beta distribution of each film's share in a blend of two.
    """

    flip: bool = False
    rotation: float = 0.0
    shift: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    brightness: float = 0.0
    mixup: float = 0.0

    @classmethod
    def of(cls, settings: Parameters) -> "Augmentation":
        """What the parameters `augment_*` and `mixup` ask for."""
        named = {
            name: getattr(settings, f"augment_{name}")
            for name in ("flip", "rotation", "shift", "zoom", "shear", "brightness")
        }
        return cls(**named, mixup=settings.mixup)

    @property
    def moves(self) -> bool:
        """Whether any change of shape is asked for."""
        return any((self.flip, self.rotation, self.shift, self.zoom, self.shear))


@dataclass(frozen=True)
class Draws:
    """The changes of one epoch's films, in the order in which they are shown.

    matrices: (N, 2, 3), output pixel to input pixel, in fractions of the side about the centre;
    gain, offset: (N,), pixel values become gain * value + offset; share: (N,), in a blend.
    """

    matrices: np.ndarray
    gain: np.ndarray
    offset: np.ndarray
    share: np.ndarray


def draw(plan: Augmentation, count: int, generator: np.random.Generator) -> Draws:
    """Draw the changes of `count` films. The same generator state gives the same changes."""
    either = generator.uniform(-1, 1, (count, 8))
    turn, shear = np.radians(plan.rotation * either[:, 0]), np.radians(plan.shear * either[:, 1])
    scale = 1 + plan.zoom * either[:, 2:3]
    mirror = np.where(either[:, 7] < 0, -1.0, 1.0) if plan.flip else np.ones(count)
    cos, sin = np.cos(turn), np.sin(turn)
    matrices = np.stack(
        [
            np.stack([mirror * cos, np.tan(shear) - sin, plan.shift * either[:, 3]], axis=1),
            np.stack([mirror * sin, cos, plan.shift * either[:, 4]], axis=1),
        ],
        axis=1,
    )
    matrices[:, :, :2] *= scale[:, :, None]
    share = generator.beta(plan.mixup, plan.mixup, count) if plan.mixup else np.ones(count)
    return Draws(
        matrices=matrices,
        gain=1 + plan.brightness * either[:, 5],
        offset=255 * plan.brightness * either[:, 6],
        share=np.maximum(share, 1 - share),  # a film keeps the larger part of its own blend
    )


def augment(films: np.ndarray, draws: Draws, rows: slice, plan: Augmentation) -> np.ndarray:
    """One batch changed as drawn: uint8 (N, S, S) in, a new uint8 (N, S, S) out.

    Blending pairs each film with the next of its batch; `blend` does the same to the labels.
    """
    changed = np.empty_like(films)
    for index, film in enumerate(films):
        place = rows.start + index
        if plan.moves:
            film = _moved(film, draws.matrices[place])
        if plan.brightness:
            film = _brightened(film, draws.gain[place], draws.offset[place])
        changed[index] = film
    if not plan.mixup:
        return changed
    partners = np.roll(changed, -1, axis=0)
    for film, partner, share in zip(changed, partners, draws.share[rows], strict=True):
        cv2.addWeighted(film, share, partner, 1 - share, 0, dst=film)
    return changed


def blend(values: np.ndarray, draws: Draws, rows: slice, plan: Augmentation) -> np.ndarray:
    """Labels (N, C) or weights (N,) of a batch, blended as its films are."""
    if not plan.mixup:
        return values
    share = draws.share[rows].astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
    return share * values + (1 - share) * np.roll(values, -1, axis=0)


def _moved(film: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    height, width = film.shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    linear = matrix[:, :2]
    offset = centre - linear @ centre + matrix[:, 2] * (width, height)
    return cv2.warpAffine(
        film,
        np.column_stack([linear, offset]),
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
    )


def _brightened(film: np.ndarray, gain: float, offset: float) -> np.ndarray:
    values = gain * np.arange(256) + offset
    return cv2.LUT(film, np.clip(values, 0, 255).round().astype(np.uint8))
