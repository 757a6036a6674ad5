"""Films as analysts look at them: window and level, saliency laid over, PNG bytes."""

import cv2
import numpy as np

# Dark violet to yellow: readable without red-green vision, and light only where it matters.
COLOURS = cv2.COLORMAP_INFERNO


def window_level(film: np.ndarray, level: int = 128, window: int = 256) -> np.ndarray:
    """Spread the grey values within `window` around `level` over 0..255: uint8 (H, W) -> same."""
    table = (np.arange(256) - (level - window / 2)) * 255 / max(window, 1)
    return np.rint(np.clip(table, 0, 255)).astype(np.uint8)[film]


def overlay(film: np.ndarray, saliency: np.ndarray, opacity: float = 0.5) -> np.ndarray:
    """Lay a map (h, w) of 0..1 over a film, uint8 (H, W): uint8 (H, W, 3), RGB.

    Colour covers the film in proportion to the map, so what the network ignored stays grey.
    """
    height, width = film.shape
    smooth = cv2.resize(saliency.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    smooth = np.clip(smooth, 0, 1)
    colours = cv2.applyColorMap(np.rint(smooth * 255).astype(np.uint8), COLOURS)[..., ::-1]
    cover = (opacity * smooth)[..., None]
    return np.rint(film[..., None] * (1 - cover) + colours * cover).astype(np.uint8)


def shrink(film: np.ndarray, longest: int) -> np.ndarray:
    """The film with its longer side at most `longest`, proportions kept; never enlarged."""
    scale = longest / max(film.shape)
    if scale >= 1:
        return film
    height, width = (max(1, round(side * scale)) for side in film.shape)
    return cv2.resize(film, (width, height), interpolation=cv2.INTER_AREA)


def to_png(picture: np.ndarray) -> bytes:
    """PNG bytes of uint8 (H, W) grey or (H, W, 3) RGB."""
    ordered = picture if picture.ndim == 2 else picture[..., ::-1]
    return cv2.imencode(".png", ordered)[1].tobytes()
