"""PyTorch's file format read as arrays: values as stored, and nothing in the file is executed."""

import io
import pickle
import struct
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest

from helpers.core.errors import SuiteError
from helpers.model.torch_file import read_torch_arrays


class Stored:
    """Stands for a tensor while a file is written."""

    def __init__(self, values: np.ndarray, shape: tuple, strides: tuple, offset: int = 0):
        self.key, self.values = str(id(values)), values
        self.layout = (offset, shape, strides, False, OrderedDict())


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a state dictionary as PyTorch did until 2020, with its names but without PyTorch."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch.FloatStorage = type("FloatStorage", (), {"__module__": "torch"})

    def rebuild(*_):
        raise AssertionError("never called")

    rebuild.__module__, rebuild.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = rebuild
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)

    class Storage:
        def __init__(self, tensor):
            self.tensor = tensor

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, Storage):
                t = value.tensor
                return ("storage", torch.FloatStorage, t.key, "cpu", t.values.size, None)
            return None

        def reducer_override(self, value):
            if isinstance(value, Stored):
                return rebuild, (Storage(value), *value.layout)
            return NotImplemented

    def write(tensors, cut=None):
        out = io.BytesIO()
        for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(value, out, protocol=2)
        Pickler(out, protocol=2).dump(tensors)
        stored = [t for t in tensors.values() if isinstance(t, Stored)]
        pickle.dump([t.key for t in stored], out, protocol=2)
        for tensor in stored:
            out.write(struct.pack("<q", tensor.values.size) + tensor.values.tobytes())
        path = tmp_path / "weights.pth"
        path.write_bytes(out.getvalue()[:cut])
        return path

    return write


def test_shapes_strides_and_offsets_are_those_of_the_file(write):
    values = np.arange(12, dtype=np.float32)
    arrays = read_torch_arrays(
        write(
            OrderedDict(
                plain=Stored(values, (3, 4), (4, 1)),
                turned=Stored(values.copy(), (4, 3), (1, 4)),
                part=Stored(values.copy(), (2,), (1,), offset=5),
            )
        )
    )
    assert np.array_equal(arrays["plain"], values.reshape(3, 4))
    assert np.array_equal(arrays["turned"], values.reshape(3, 4).T)
    assert np.array_equal(arrays["part"], [5, 6])


def test_a_file_that_names_anything_but_tensors_is_refused_before_it_runs(write, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    with pytest.raises(SuiteError, match="which is no tensor"):
        read_torch_arrays(write(OrderedDict(evil=Evil())))
    assert not (tmp_path / "ran").exists()


def test_a_tensor_that_reaches_past_its_storage_is_refused(write):
    values = np.zeros(4, dtype=np.float32)
    with pytest.raises(SuiteError, match="past its storage"):
        read_torch_arrays(write(OrderedDict(large=Stored(values, (1000, 1000), (1000, 1)))))


@pytest.mark.parametrize("cut", [10, 200, -4])
def test_a_file_cut_short_is_one_sentence(write, cut):
    values = np.zeros(64, dtype=np.float32)
    path = write(OrderedDict(a=Stored(values, (64,), (1,))), cut=cut)
    with pytest.raises(SuiteError, match=r"weights\.pth holds no weights that can be read"):
        read_torch_arrays(path)
