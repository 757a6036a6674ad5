"""One film, bytes to label, in three ways by turns: ours, bare LiteRT, and the five systems'.

Run as a program with a run folder and a film: prints the median milliseconds of each as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from helpers.model.backend import keras
from helpers.model.predictor import Predictor

ROUNDS, EACH = 12, 15


def main(folder: Path, film: Path) -> None:
    """Measure and print."""
    data = film.read_bytes()
    ways = {
        "ours": _ours(folder, data),
        "bare": _bare(folder, data),
        "keras": _keras(folder, data),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):  # by turns, so that what else the machine does falls on all
        for name, way in ways.items():
            times[name] += _milliseconds(way, EACH if name != "keras" else EACH // 3)
    print(json.dumps({name: float(np.median(found)) for name, found in times.items()}))


def _milliseconds(way: Callable[[], object], count: int) -> list[float]:
    way()
    found = []
    for _ in range(count):
        start = time.perf_counter()
        way()
        found.append((time.perf_counter() - start) * 1000)
    return found


def _ours(folder: Path, data: bytes) -> Callable[[], str]:
    predictor = Predictor.load(folder)
    return lambda: predictor.predict_bytes(data).label


def _bare(folder: Path, data: bytes) -> Callable[[], int]:
    """Nothing but decode and invoke: what cannot be saved."""
    interpreter = Interpreter(str(folder / "model/model.tflite"), num_threads=1)
    interpreter.allocate_tensors()
    films = interpreter.get_input_details()[0]["index"]
    shares = next(
        item["index"] for item in interpreter.get_output_details() if len(item["shape"]) == 2
    )

    def predict() -> int:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        interpreter.set_tensor(films, pixels[None, ..., None].astype(np.float32))
        interpreter.invoke()
        return int(interpreter.get_tensor(shares).argmax())

    return predict


def _keras(folder: Path, data: bytes) -> Callable[[], int]:
    """As the five systems predict: decode, resize, `model.predict`, argmax."""
    model = keras.models.load_model(folder / "model/model.keras", compile=False)
    side = model.input_shape[1]

    def predict() -> int:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
        film = cv2.resize(pixels, (side, side)).reshape(1, side, side, 1).astype(np.float32)
        return int(model.predict(film, verbose=0).argmax())

    return predict


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
