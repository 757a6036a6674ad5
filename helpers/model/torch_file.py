"""Read the arrays of a PyTorch state dictionary (its format up to 2020) without PyTorch.

Such a file names constructors to call. Here only three names are known and stand for our own
functions; any other ends the reading, so nothing in the file can be executed.
"""

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from helpers.core.errors import SuiteError

_MAGIC = 0x1950A86A20F9469CFC6C
_KINDS = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_torch_arrays(path: Path) -> dict[str, np.ndarray]:
    """Every tensor of the file by its name.

    Raises:
        SuiteError: the file is of another format, damaged, or names anything but tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError, OSError) as error:
        raise SuiteError(f"{path.name} holds no weights that can be read: {error}.") from error


def _read(file: BinaryIO) -> dict[str, np.ndarray]:
    if _TensorsOnly(file).load() != _MAGIC:
        raise ValueError("it does not begin as PyTorch's files do")
    _TensorsOnly(file).load()  # version of the format
    _TensorsOnly(file).load()  # byte order and sizes, always little-endian in practice
    tensors = _TensorsOnly(file).load()
    kinds = {tensor.storage[0]: tensor.storage[1] for tensor in tensors.values()}
    stored = {}
    for key in _TensorsOnly(file).load():
        count = int.from_bytes(file.read(8), "little")
        stored[key] = np.frombuffer(file.read(count * kinds[key].itemsize), kinds[key], count)
    return {name: tensor.array(stored) for name, tensor in tensors.items()}


class _Tensor:
    """What the file says of one tensor: where it is stored, its offset, shape and strides."""

    def __init__(self, storage: tuple, offset: int, shape: tuple, strides: tuple, *_: Any):
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def array(self, stored: dict[str, np.ndarray]) -> np.ndarray:
        values = stored[self.storage[0]][self.offset :]
        last = sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if (
            min(self.shape, default=1) < 1
            or min(self.strides, default=0) < 0
            or last >= len(values)
        ):
            raise ValueError("a tensor reaches past its storage")
        steps = [step * values.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(values, self.shape, steps, writeable=False)


class _TensorsOnly(pickle.Unpickler):
    """Knows tensors, their storages and ordered dictionaries; refuses every other name."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Tensor
        if module == "torch" and name in _KINDS:
            return _KINDS[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no tensor")

    def persistent_load(self, pid: tuple) -> tuple:
        _, kind, key, *_ = pid
        return key, kind
