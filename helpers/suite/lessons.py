"""The notebooks in their order, and what each one reads and writes in the run folder."""

from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from helpers.core.errors import UsageError
from helpers.core.params import nearest_name
from helpers.core.runs import PROJECT

NOTEBOOKS = PROJECT / "notebooks"


@dataclass(frozen=True)
class Step:
    """One notebook of the story; `reads` are run files whose change makes it run again."""

    name: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def path(self) -> Path:
        """The stored notebook."""
        return NOTEBOOKS / f"{self.name}.ipynb"


SPLIT = ("images.npy", "splits.csv")
MODEL = ("model/model.tflite", "model/labels.json", "model/preprocessing.json")
BESIDE_MODEL = ("model/model.keras", "model/training.json", "model/gate.json")
STEPS = (
    Step("01_ingest", writes=("manifest.csv",)),
    Step("02_visualize", ("manifest.csv",)),
    Step("03_preprocess", ("manifest.csv",), writes=("fingerprints.npy", *SPLIT)),
    Step("04_train", SPLIT, writes=(*MODEL, *BESIDE_MODEL)),
    Step("05_evaluate", (*SPLIT, *MODEL), writes=("metrics.json", "predictions.csv")),
    Step("06_predict", (*SPLIT, *MODEL, "model/gate.json")),
    Step("07_deploy", (*MODEL, "metrics.json")),
)


def find_step(word: str) -> int:
    """Position of the step that `word` names: `04`, `04_train` or `train`.

    Raises UsageError with the nearest real name.
    """
    for position, step in enumerate(STEPS):
        number, _, title = step.name.partition("_")
        if word.removesuffix(".ipynb") in (step.name, number, title, number.lstrip("0")):
            return position
    names = [step.name for step in STEPS]
    hint = nearest_name(word, names) or f"; there are {', '.join(names)}"
    raise UsageError(f"'{word}' is not a notebook{hint}")


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """A notebook, upgraded to format 4.5 or later."""
    return nbformat.read(path, as_version=4)


def code_of(path: Path) -> str:
    """The notebook's code without its outputs, to see whether it changed."""
    cells = read_notebook(path).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "code")
