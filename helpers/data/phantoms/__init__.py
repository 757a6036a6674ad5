"""The generated chest-film collection: films, masks and metadata with no patient behind them."""

from helpers.data.phantoms.collection import (
    CLASS_FOLDERS,
    CLASSES,
    MARKER,
    Phantom,
    encode_png,
    generate_collection,
    write_collection,
)
from helpers.data.phantoms.metadata import COLUMNS, FINDINGS
from helpers.data.phantoms.nonfilms import non_films

__all__ = [
    "CLASSES",
    "CLASS_FOLDERS",
    "COLUMNS",
    "FINDINGS",
    "MARKER",
    "Phantom",
    "encode_png",
    "generate_collection",
    "non_films",
    "write_collection",
]
