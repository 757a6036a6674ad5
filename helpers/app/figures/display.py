"""Figures into notebooks and files: PNG of bounded size that carries its text alternative."""

import base64
import io
from pathlib import Path

from IPython import get_ipython
from IPython.display import DisplayHandle
from matplotlib.figure import Figure
from PIL import Image, PngImagePlugin

from helpers.app.figures.style import DPI, alt_text, figure_name
from helpers.core.runs import Run, replacing

BUDGET = 80_000  # bytes; notebooks stay small enough to read in a pull request
# (share of the resolution, step between the levels of a colour) until the file is small enough
_ECONOMIES = ((1, 1), (1, 5), (1, 8), (1, 10), (0.8, 10), (0.65, 16))


def png_bytes(figure: Figure, budget: int = BUDGET) -> bytes:
    """The figure as PNG of at most about `budget` bytes; its words stand in the file's Description.

    Films are noise to a PNG encoder: where the plain file is too large, colours are rounded more
    and more coarsely, then the resolution is lowered. The same figure gives the same bytes.
    """
    data, drawn = b"", 0.0
    for share, step in _ECONOMIES:
        if share != drawn:
            picture, drawn = _drawn(figure, round(DPI * share)), share
        data = _encoded(_rounded(picture, step), alt_text(figure))
        if len(data) <= budget:
            break
    return data


def _drawn(figure: Figure, dpi: int) -> Image.Image:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return Image.open(buffer).convert("RGB")


def _rounded(picture: Image.Image, step: int) -> Image.Image:
    """Each channel rounded to a multiple of `step`, black and white kept; then a palette."""
    steps = 255 // step
    levels = [round(value / 255 * steps) * 255 // steps for value in range(256)]
    if step == 1:
        return picture
    return picture.point(levels * 3).convert("P", palette=Image.Palette.ADAPTIVE, colors=256)


def _encoded(picture: Image.Image, words: str) -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("Description", words)
    buffer = io.BytesIO()
    picture.save(buffer, format="png", pnginfo=notes)
    return buffer.getvalue()


def save(figure: Figure, folder: Path, picture: bytes | None = None) -> Path:
    """Write the figure as PNG to `folder` under its own name; returns the file.

    picture: the figure's PNG where it is drawn already.
    """
    path = folder / f"{figure_name(figure)}.png"
    with replacing(path) as temporary:
        temporary.write_bytes(picture or png_bytes(figure))
    return path


class Shown:
    """A figure on display in a notebook, which a later figure may replace in its place."""

    def __init__(self, figure: Figure, picture: bytes | None = None):
        self._handles = (DisplayHandle(), DisplayHandle())
        bundles = _bundles(figure, picture or png_bytes(figure))
        for handle, bundle in zip(self._handles, bundles, strict=True):
            handle.display(bundle["data"], raw=True, metadata=bundle["metadata"])

    def update(self, figure: Figure) -> None:
        """Show `figure` and its words where the first one stood."""
        bundles = _bundles(figure, png_bytes(figure))
        for handle, bundle in zip(self._handles, bundles, strict=True):
            handle.update(bundle["data"], raw=True, metadata=bundle["metadata"])


def show(figure: Figure, run: Run | None = None) -> None:
    """Display the figure with its text alternative below; keep a PNG in `run`'s figures folder.

    The words are the `alt` of the picture (nbconvert takes it from there) and visible Markdown,
    because JupyterLab gives the pictures in outputs no alternative text yet.
    """
    picture = png_bytes(figure)
    if run is not None:
        save(figure, run.path("figures"), picture)
    if get_ipython() is not None:
        Shown(figure, picture)


def _bundles(figure: Figure, picture: bytes) -> list[dict]:
    words = alt_text(figure)
    encoded = base64.b64encode(picture).decode("ascii")
    return [
        {
            "data": {"image/png": encoded, "text/plain": f"[figure: {figure_name(figure)}]"},
            "metadata": {"image/png": {"alt": words}},
        },
        {
            "data": {"text/markdown": f"*In words:* {words}", "text/plain": f"In words: {words}"},
            "metadata": {},
        },
    ]
