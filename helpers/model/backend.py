"""Start Keras quietly: the one place that imports it, on TensorFlow or (KERAS_BACKEND=jax) on JAX.

TensorFlow writes start-up notes to the process's standard error from C++, where Python cannot
filter them; in a notebook they would be stored as output. Errors still surface as exceptions.
Only the light model and the logs need TensorFlow itself; they import it from here.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from helpers.core.errors import SuiteError
from helpers.core.machine import cores
from helpers.model.quiet import quiet_stderr

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
ON_TENSORFLOW = os.environ["KERAS_BACKEND"] == "tensorflow"

with quiet_stderr():
    import keras

    if ON_TENSORFLOW:
        import tensorflow as tf

        tf.get_logger().setLevel("WARNING")  # its notes name temporary folders
        # The first touch of the devices is what writes the notes.
        GPUS = tuple(tf.config.list_physical_devices("GPU"))
    else:
        tf = None
        GPUS = tuple(name for name in keras.distribution.list_devices() if "gpu" in name.lower())

__all__ = ["GPUS", "ON_TENSORFLOW", "Device", "keras", "need_tensorflow", "prepare_device", "tf"]


@dataclass(frozen=True)
class Device:
    """Where training runs: `name` for people, `kind` "gpu" or "cpu", `precision` a Keras policy."""

    name: str
    kind: str
    precision: str


def need_tensorflow(what: str) -> None:
    """SuiteError where Keras runs on another backend, which cannot make `what`."""
    if not ON_TENSORFLOW:
        raise SuiteError(
            f"{what} TensorFlow, but KERAS_BACKEND is {os.environ['KERAS_BACKEND']}: unset it and "
            "run again; the finished epochs are kept."
        )


def prepare_device(seed: int, *, deterministic: bool = True, mixed: bool = False) -> Device:
    """Seed every generator, choose precision, and say which device training uses.

    Args:
        seed: seeds Python, NumPy and Keras alike.
        deterministic: same seed, same weights (some GPU kernels become slower).
        mixed: half-precision arithmetic with float32 weights, where the machine gains by it:
            float16 on a GPU, bfloat16 on a CPU that multiplies it; elsewhere float32.
    """
    keras.utils.set_random_seed(seed)
    if ON_TENSORFLOW:
        if deterministic:
            tf.config.experimental.enable_op_determinism()
        for gpu in GPUS:
            tf.config.experimental.set_memory_growth(gpu, True)
    precision = _half_precision() if mixed else "float32"
    keras.mixed_precision.set_global_policy(precision)
    return Device(_device_name(), "gpu" if GPUS else "cpu", precision)


def _half_precision() -> str:
    """The half-precision policy by which this machine gains; float32 where none does."""
    if GPUS:
        return "mixed_float16"
    facts = Path("/proc/cpuinfo")
    known = facts.exists() and re.search(r"avx512_bf16|amx_bf16", facts.read_text("utf-8"))
    return "mixed_bfloat16" if known else "float32"


def _device_name() -> str:
    if not GPUS:
        return f"CPU ({cores()} cores)"
    if not ON_TENSORFLOW:
        return f"GPU ({GPUS[0]})"
    details = tf.config.experimental.get_device_details(GPUS[0])
    return f"GPU ({details.get('device_name', 'unnamed')})"
