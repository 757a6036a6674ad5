"""Start Keras and TensorFlow quietly: the one place that imports them for the model room.

TensorFlow writes start-up notes to the process's standard error from C++, where Python cannot
filter them; in a notebook they would be stored as output. Errors still surface as exceptions.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Send file descriptor 2 (where C++ writes) to nowhere for the length of the block."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


with quiet_stderr():
    import keras
    import tensorflow as tf

    # The first touch of the devices is what writes the notes.
    GPUS = tuple(tf.config.list_physical_devices("GPU"))

__all__ = ["GPUS", "Device", "keras", "prepare_device", "quiet_stderr", "tf"]


@dataclass(frozen=True)
class Device:
    """Where training runs: `name` for people, `kind` "gpu" or "cpu", `precision` a Keras policy."""

    name: str
    kind: str
    precision: str


def prepare_device(seed: int, *, deterministic: bool = True, mixed: bool = False) -> Device:
    """Seed every generator, choose precision, and say which device training uses.

    Args:
        seed: seeds Python, NumPy and Keras alike.
        deterministic: same seed, same weights (some GPU kernels become slower).
        mixed: float16 arithmetic with float32 weights; only a GPU gains, so a CPU ignores it.
    """
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    for gpu in GPUS:
        tf.config.experimental.set_memory_growth(gpu, True)
    precision = "mixed_float16" if mixed and GPUS else "float32"
    keras.mixed_precision.set_global_policy(precision)
    return Device(_device_name(), "gpu" if GPUS else "cpu", precision)


def _device_name() -> str:
    if not GPUS:
        return f"CPU ({os.cpu_count()} cores)"
    details = tf.config.experimental.get_device_details(GPUS[0])
    return f"GPU ({details.get('device_name', 'unnamed')})"
