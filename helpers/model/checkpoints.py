"""Training state on disk, whole or not at all: one file an epoch, plain arrays, no code."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from helpers.core.errors import SuiteError
from helpers.core.runs import replacing
from helpers.model.backend import keras

_DAMAGE = (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError)


@dataclass(frozen=True)
class Checkpoint:
    """The state after `epoch` epochs: every variable of model and optimiser, and the history.

    facts: `fingerprint` (what training this is), `rows` (the history), `best_epoch`.
    """

    epoch: int
    facts: Mapping[str, object]
    model: Sequence[np.ndarray]
    optimizer: Sequence[np.ndarray]


@dataclass
class Checkpoints:
    """The checkpoint folder of one training. `remarks` collects what a reader must be told."""

    folder: Path
    remarks: list[str] = field(default_factory=list)

    def save(self, model: keras.Model, epoch: int, facts: Mapping[str, object]) -> None:
        """Write the state after `epoch`, then drop all but this, the one before and the best."""
        arrays = {"facts": np.frombuffer(json.dumps({**facts, "epoch": epoch}).encode(), np.uint8)}
        for kind, variables in (("model", model.variables), ("optimizer", _state(model))):
            for index, variable in enumerate(variables):
                arrays[f"{kind}_{index:05}"] = keras.ops.convert_to_numpy(variable.value)
        with replacing(self._path(epoch)) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)
        self._prune({epoch, epoch - 1, facts["best_epoch"]})

    def latest(self, fingerprint: Mapping[str, object]) -> Checkpoint | None:
        """The newest undamaged state of this very training, or None to start from the beginning."""
        for leftover in self.folder.glob(".*.npz"):  # a write that was killed half-way
            leftover.unlink()
        for path in sorted(self.folder.glob("epoch_*.npz"), reverse=True):
            checkpoint = self._read(path)
            if checkpoint is None:
                continue
            if checkpoint.facts["fingerprint"] != dict(fingerprint):
                self.remarks.append(
                    "A checkpoint of other settings or films was found; training starts anew."
                )
                self.clear()
                return None
            return checkpoint
        return None

    def read(self, epoch: int) -> Checkpoint | None:
        """The state after one epoch; None if it is gone or damaged."""
        return self._read(self._path(epoch)) if self._path(epoch).exists() else None

    def clear(self) -> None:
        """Remove every checkpoint."""
        self._prune(set())

    def _path(self, epoch: int) -> Path:
        return self.folder / f"epoch_{epoch:04}.npz"

    def _prune(self, kept: set[int]) -> None:
        names = {self._path(epoch).name for epoch in kept}
        for path in self.folder.glob("epoch_*.npz"):
            if path.name not in names:
                path.unlink()

    def _read(self, path: Path) -> Checkpoint | None:
        try:
            with np.load(path, allow_pickle=False) as file:
                facts = json.loads(file["facts"].tobytes())
                parts = {
                    kind: [file[name] for name in sorted(file.files) if name.startswith(kind)]
                    for kind in ("model", "optimizer")
                }
            return Checkpoint(epoch=facts["epoch"], facts=facts, **parts)
        except _DAMAGE:
            path.unlink(missing_ok=True)
            self.remarks.append(
                f"Checkpoint {path.name} was damaged and is dropped; the one before it is used."
            )
            return None


def restore(model: keras.Model, checkpoint: Checkpoint, *, optimizer: bool = True) -> None:
    """Put a state back into a model of the same architecture and, if asked, its optimiser.

    Raises:
        SuiteError: the shapes are another network's.
    """
    targets = [(model.variables, checkpoint.model)]
    if optimizer:
        targets.append((_state(model), checkpoint.optimizer))
    for variables, values in targets:
        if [tuple(v.shape) for v in variables] != [value.shape for value in values]:
            raise SuiteError(
                "The checkpoint belongs to another network; remove the run's model/checkpoints "
                "folder or choose another run name."
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _state(model: keras.Model) -> list[keras.Variable]:
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return model.optimizer.variables
