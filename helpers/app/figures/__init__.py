"""Figures: one file a theme, each function takes tables or arrays and returns a Figure.

`collection` (counts of a manifest), `gallery` (films), `training`, `evaluation`, `explanation` and
`audits` draw; `show` puts a figure and its words into a notebook, `save` into a file.
"""

from helpers.app.figures.display import Shown, png_bytes, save, show
from helpers.app.figures.style import alt_text, figure_name

__all__ = ["Shown", "alt_text", "figure_name", "png_bytes", "save", "show"]
