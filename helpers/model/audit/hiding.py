"""The test films with parts hidden: what a network still says then, it read elsewhere."""

from collections.abc import Callable

import cv2
import numpy as np

from helpers.core.errors import SuiteError
from helpers.model.audit.probe import lung_box

# Lung masks stop at the ribs' inner edge; opacities at the pleura lie on it. Share of the side.
MARGIN = 0.04
# A corner, in shares of the film's height and width: where side letters and stamps stand.
CORNER = (0.12, 0.30)

FULL, NO_LUNGS, ONLY_LUNGS = "full film", "lungs blacked out", "only the lungs"
BORDER, NO_CORNERS = "border only", "corners covered"


def hidden_versions(
    images: np.ndarray, masks: np.ndarray | None = None
) -> dict[str, Callable[[], np.ndarray]]:
    """What to show the network: name -> a function that makes the films, uint8 (N, S, S).

    images: uint8 (N, S, S); masks: lungs, bool or 0/1 (N, S, S), all zero where a film has none,
    or None. Without a mask the lungs are the fixed box, and without any the version `border only`
    is left out, being the same as `lungs blacked out`. Versions are made one at a time.
    """
    size = images.shape[1]
    lungs, box = lung_regions(masks, len(images), size), lung_box(size)
    versions = {
        FULL: lambda: images,
        NO_LUNGS: lambda: np.where(lungs, 0, images).astype(np.uint8),
        ONLY_LUNGS: lambda: np.where(lungs, images, 0).astype(np.uint8),
        NO_CORNERS: lambda: _corners_covered(images),
    }
    if masks is not None:
        versions[BORDER] = lambda: np.where(box, 0, images).astype(np.uint8)
    return versions


def lung_regions(masks: np.ndarray | None, films: int, size: int) -> np.ndarray:
    """Where the lungs are, bool (N, size, size): masks grown by a margin, or the fixed box.

    Raises SuiteError for masks of another size or number than the films.
    """
    regions = np.broadcast_to(lung_box(size), (films, size, size)).copy()
    if masks is None:
        return regions
    if masks.shape != regions.shape:
        raise SuiteError(
            f"Lung masks of shape {masks.shape} do not fit films of shape {regions.shape}: "
            "run 03_preprocess again, which makes both in one size."
        )
    reach = 2 * max(1, round(MARGIN * size)) + 1
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    for row, mask in enumerate(masks):
        if mask.any():
            regions[row] = cv2.dilate(mask.astype(np.uint8), brush) > 0
    return regions


def _corners_covered(images: np.ndarray) -> np.ndarray:
    """Every film with the same corners: the median of all, which no stamp outlives.

    Black corners would trouble an honest network too, because it has never seen them.
    """
    covered, hidden = images.copy(), corners(images.shape[1])
    covered[:, hidden] = np.median(images[:, hidden], axis=0).astype(np.uint8)
    return covered


def corners(size: int) -> np.ndarray:
    """The four corners of a film: bool (size, size)."""
    height, width = (max(1, round(share * size)) for share in CORNER)
    found = np.zeros((size, size), bool)
    for rows in (slice(None, height), slice(-height, None)):
        for columns in (slice(None, width), slice(-width, None)):
            found[rows, columns] = True
    return found
