"""The films of a run as training reads them: pixels, class codes, splits."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from helpers.core.errors import SuiteError
from helpers.core.runs import Run
from helpers.data.preprocess import used_films


@dataclass(frozen=True)
class LabelledFilms:
    """N films and what is known of each; row i of everything is film i.

    images: uint8 (N, S, S), usually memory-mapped; codes: int (N,), index into `classes`;
    split: (N,) of "train", "validation", "test"; groups: (N,), films that hang together.
    """

    images: np.ndarray
    codes: np.ndarray
    split: np.ndarray
    groups: np.ndarray
    classes: tuple[str, ...]
    keys: np.ndarray

    def rows(self, split: str) -> np.ndarray:
        """Indices of one split's films."""
        return np.flatnonzero(self.split == split)

    def count(self, split: str) -> int:
        """How many films a split has."""
        return int((self.split == split).sum())

    def with_split(self, split: np.ndarray) -> "LabelledFilms":
        """The same films divided otherwise, for cross-validation."""
        return replace(self, split=np.asarray(split))

    def digest(self) -> int:
        """A checksum of pixels, labels and splits: training resumes only on the same films."""
        value = zlib.crc32(np.ascontiguousarray(self.images))
        for part in (self.codes.astype(np.int64), "\n".join(self.split).encode()):
            value = zlib.crc32(part, value)
        return value


def load_films(run: Run, classes: Sequence[str]) -> LabelledFilms:
    """Read what 03_preprocess left in the run folder.

    Raises:
        MissingInputError: a file is absent (the sentence names the notebook to run).
        SuiteError: files of different preprocessing runs, or a label outside `classes`.
    """
    manifest = used_films(run.read_table("manifest.csv"))
    splits = run.read_table("splits.csv")
    images = np.load(run.require("images.npy"), mmap_mode="r")
    same_films = list(manifest["key"]) == list(splits["key"])
    if not same_films or len(images) != len(manifest):
        raise SuiteError(
            f"{run.shown()} mixes files of different preprocessing; run 03_preprocess again."
        )
    return LabelledFilms(
        images=images,
        codes=class_codes(manifest["label"], classes),
        split=splits["split"].to_numpy(dtype=str),
        groups=splits["group"].to_numpy(dtype=str),
        classes=tuple(classes),
        keys=manifest["key"].to_numpy(dtype=str),
    )


def class_codes(labels: Sequence[str], classes: Sequence[str]) -> np.ndarray:
    """Class names to their index in `classes`."""
    index = {name: code for code, name in enumerate(classes)}
    unknown = sorted({str(label) for label in labels} - set(index))
    if unknown:
        raise SuiteError(
            f"The films have the label {unknown[0]!r}, which is not in `classes`; "
            "add it there or map it in `class_map`, then run 03_preprocess again."
        )
    return np.array([index[str(label)] for label in labels], dtype=np.int64)
