"""On a GPU: half precision and XLA against plain training, and how near the arithmetic limit.

Keras alone, so `KERAS_BACKEND=jax cxr bench accelerator` measures where TensorFlow is absent.
Without a GPU there is nothing to measure and no row.
"""

import math
import time

import numpy as np

from helpers.model.architectures import build
from helpers.model.backend import GPUS, keras
from helpers.model.batches import train_epoch

NETWORKS = {"darkcovidnet": 256, "densenet121": 224}
BATCH, STEPS = 64, 30
MODES = {"float32": ("float32", False), "xla": ("float32", True), "mixed": ("mixed_float16", False)}
MODES["mixed and xla"] = ("mixed_float16", True)


def run() -> list[dict]:
    """For each network: the gain of each mode over plain float32, and the share of the limit."""
    if not GPUS:
        return []
    limits = {policy: matmul_rate(policy) for policy in ("float32", "float16")}
    return [row for name, size in NETWORKS.items() for row in compare(name, size, limits)]


def compare(name: str, size: int, limits: dict[str, float], steps: int = STEPS) -> list[dict]:
    """Rows of one network; `limits` are the measured operations a second of each precision."""
    work = training_operations(build(name, classes=3, image_size=size))
    rates = {mode: films_per_second(name, size, *how, steps) for mode, how in MODES.items()}
    rows = [
        {
            "what": f"{name}, {mode} against float32",
            "measured": rate / rates["float32"],
            "detail": f"{rate:.0f} films/s against {rates['float32']:.0f}",
        }
        for mode, rate in rates.items()
        if mode != "float32"
    ]
    best = max(rates, key=rates.get)
    limit = limits["float16" if "mixed" in best else "float32"]
    share = rates[best] * work / limit
    detail = f"{rates[best]:.0f} films/s, {work / 1e9:.1f} GFLOP a film, {limit / 1e12:.1f} TFLOP/s"
    what = f"{name}, {best}: share of the measured matrix-product rate"
    return [*rows, {"what": what, "measured": share, "detail": detail}]


def films_per_second(name: str, size: int, policy: str, xla: bool, steps: int) -> float:
    """Films a second as the suite trains, on films in memory, after one epoch to compile."""
    keras.mixed_precision.set_global_policy(policy)
    try:
        model = build(name, classes=3, image_size=size)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    model.compile("adam", "categorical_crossentropy", jit_compile=xla)
    count = BATCH * steps
    films = np.random.default_rng(0).integers(0, 256, (count, size, size, 1), dtype=np.uint8)
    labels = np.eye(3, dtype=np.float32)[np.arange(count) % 3]
    batches = list(zip(np.split(films, steps), np.split(labels, steps), strict=True))
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        train_epoch(model, batches)
        seconds.append(time.perf_counter() - began)
    return count / min(seconds[1:])


def training_operations(model: keras.Model) -> float:
    """Floating-point operations of one film: two a multiply-add, once forward and twice back."""
    return 6.0 * sum(_multiply_adds(layer) for layer in model.layers)


def _multiply_adds(layer: keras.layers.Layer) -> int:
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        return 0
    return math.prod(kernel.shape) * math.prod(layer.output.shape[1:-1])


def matmul_rate(dtype: str, side: int = 8192, repeats: int = 10) -> float:
    """Operations a second of a large square matrix product: what the device really reaches."""
    matrix = keras.ops.cast(np.ones((side, side), np.float32) / side, dtype)
    product = matrix
    for turn in range(repeats + 1):
        if turn == 1:
            keras.ops.convert_to_numpy(product[0, 0])
            began = time.perf_counter()
        product = keras.ops.matmul(product, matrix)
    keras.ops.convert_to_numpy(product[0, 0])
    return repeats * 2 * side**3 / (time.perf_counter() - began)
