"""Where a network looked: saliency beside and over the film, with masks where there are some."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.app.figures.gallery import draw_film
from helpers.app.figures.style import headline, named, panels, plural, styled

_MAP = "magma"  # even steps of brightness, also for colour-blind readers and in print


def enlarged(saliency: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A coarse map (h, w), scaled to 0..1 and resized smoothly to the film's shape (H, W)."""
    import cv2

    values = np.nan_to_num(np.asarray(saliency, dtype=np.float32))
    values = np.maximum(values, 0)
    values = values / values.max() if values.max() > 0 else values
    return cv2.resize(values, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)


@styled
def saliency_overlay(
    films: Sequence[np.ndarray],
    maps: Sequence[np.ndarray],
    captions: Sequence[str],
    masks: Sequence[np.ndarray] | None = None,
    mask_name: str = "lungs",
) -> Figure:
    """Film, map and both together, a row for each film.

    films: uint8 (H, W); maps: (h, w) of any scale; captions: what was predicted;
    masks: bool (H, W), drawn as an outline (`mask_name` says of what).
    """
    figure, axes = panels(len(films), 3, height=1.9 * len(films) + 0.5, width=5.4)
    for title, panel in zip(("film", "saliency", "both"), axes[:3], strict=True):
        panel.set_title(title, weight="normal")
    shares = []
    for row, (film, coarse) in enumerate(zip(films, maps, strict=True)):
        saliency = enlarged(coarse, film.shape)
        first, second, third = axes[3 * row : 3 * row + 3]
        draw_film(first, film, captions[row])
        draw_map(second, saliency)
        draw_film(third, film)
        third.imshow(saliency, cmap=_MAP, vmin=0, vmax=1, alpha=0.25 + 0.45 * saliency)
        if masks is not None:
            shares.append(share_inside(saliency, masks[row]))
            draw_outline(third, masks[row])
            third.set_xlabel(f"{shares[-1]:.0%} inside the {mask_name}")
    headline(figure, "What the network looked at")
    return named(figure, "saliency_overlay", _in_words(captions, maps, shares, mask_name))


def draw_map(axes: Axes, saliency: np.ndarray) -> None:
    """A saliency map (H, W) of 0..1 in its own colours."""
    draw_film(axes, np.zeros_like(saliency))
    axes.imshow(saliency, cmap=_MAP, vmin=0, vmax=1)


def draw_outline(axes: Axes, mask: np.ndarray) -> None:
    """The border of a mask, bool (H, W), as a thin line over the film."""
    if mask.any() and not mask.all():
        axes.contour(mask.astype(float), levels=[0.5], colors="#56B4E9", linewidths=1)


def share_inside(saliency: np.ndarray, mask: np.ndarray) -> float:
    """The share of a map's total that lies inside a mask of the same shape; 0 for an empty map."""
    total = float(saliency.sum())
    return float(saliency[mask.astype(bool)].sum()) / total if total else 0.0


def peak_in_words(saliency: np.ndarray) -> str:
    """Where a map is highest, as seen on the film: `upper left`."""
    height, width = saliency.shape
    row, column = np.unravel_index(int(np.argmax(saliency)), saliency.shape)
    up = ("upper", "middle", "lower")[min(int(3 * (row + 0.5) / height), 2)]
    side = ("left", "centre", "right")[min(int(3 * (column + 0.5) / width), 2)]
    return f"{up} {side}"


def _in_words(
    captions: Sequence[str], maps: Sequence[np.ndarray], shares: Sequence[float], mask_name: str
) -> str:
    parts = []
    for place, (caption, coarse) in enumerate(zip(captions, maps, strict=True)):
        inside = f", {shares[place]:.0%} of it inside the {mask_name}" if shares else ""
        parts.append(f"{caption}: strongest at the {peak_in_words(coarse)} of the picture{inside}")
    return f"Saliency of {plural(len(captions), 'film')}. {'; '.join(parts)}."
