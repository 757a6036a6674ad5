"""Prediction: one film against Keras and against bare LiteRT, the start, and a folder of films."""

import json
import tempfile
import time
from pathlib import Path

import cv2
import psutil

from helpers.data.phantoms import generate_collection
from tests.benchmarks.processes import python

CLASSES = ["COVID-19", "No finding", "Pneumonia"]
FEW, MANY = 100, 1_000
STARTS = 3

EXPORT = """
import sys
from pathlib import Path
from helpers.model.architectures import build
from helpers.model.light import export_light
folder = Path(sys.argv[1]) / "model"
folder.mkdir(parents=True)
model = build("ten_conv_cnn", sys.argv[2:], 256)
export_light(model, folder, sys.argv[2:], {})
model.save(folder / "model.keras")
"""
START = """
import sys, time
start = time.perf_counter()
from helpers.model.predictor import Predictor
Predictor.load(sys.argv[1]).predict_bytes(open(sys.argv[2], "rb").read())
seconds = time.perf_counter() - start
import psutil
print(seconds, psutil.Process().memory_info().rss / 2**20)
"""
IMPORT_TENSORFLOW = """
import time
start = time.perf_counter()
import tensorflow
print(time.perf_counter() - start)
"""
FOLDER = """
import re, sys, time
from pathlib import Path
from helpers.data.sources import find_films
from helpers.model.batch import predict_many
from helpers.model.predictor import Predictor
predictor = Predictor.load(sys.argv[1])
wall, work = time.perf_counter(), time.process_time()
films = sum(found.accepted for found in predict_many(predictor, find_films([sys.argv[2]])))
wall, work = time.perf_counter() - wall, time.process_time() - work
# Not ru_maxrss: a new process starts with its parent's.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(films, wall, work, peak)
"""


def run() -> list[dict]:
    """Every ratio, on network C at its own 256 pixels."""
    with tempfile.TemporaryDirectory() as outputs:
        folder, film = Path(outputs) / "network_c", Path(outputs) / "film.jpg"
        python(["-c", EXPORT, str(folder), *CLASSES], outputs)
        drawn = [phantom.pixels for phantom in generate_collection(20, seed=1, size=256)]
        cv2.imwrite(str(film), drawn[0])
        rows = [*_one_film(folder, film, outputs), *_start(folder, film, outputs)]
        return rows + _folder_of_films(folder, drawn, outputs)


def _one_film(folder: Path, film: Path, outputs: str) -> list[dict]:
    words = ["-m", "tests.benchmarks.predict_side_by_side", str(folder), str(film)]
    found = json.loads(python(words, outputs).splitlines()[-1])
    what = "one 256-pixel JPEG film, bytes to label (network C, median):"
    ours = f"ours {found['ours']:.2f} ms"
    return [
        {
            "what": f"{what} times faster than Keras model.predict",
            "measured": found["keras"] / found["ours"],
            "at_least": 15,
            "detail": f"{ours}, with saliency; Keras {found['keras']:.1f} ms",
        },
        {
            "what": f"{what} over decode and bare LiteRT invoke",
            "measured": found["ours"] / found["bare"],
            "at_most": 1.5,
            "detail": f"{ours}; bare {found['bare']:.2f} ms",
        },
    ]


def _start(folder: Path, film: Path, outputs: str) -> list[dict]:
    """From nothing to the first answer; the best of a few starts, the first reads the disk."""
    ours, theirs, memory = [], [], []
    for _ in range(STARTS):
        seconds, resident = python(["-c", START, str(folder), str(film)], outputs).split()
        ours.append(float(seconds))
        memory.append(float(resident))
        theirs.append(float(python(["-c", IMPORT_TENSORFLOW], outputs)))
    return [
        {
            "what": "predictor from import to first answer, over importing TensorFlow",
            "measured": min(ours) / min(theirs),
            "at_most": 0.1,
            "detail": f"{min(ours):.2f} s against {min(theirs):.2f} s",
        },
        {
            "what": "predictor: resident memory after the first answer",
            "measured": max(memory),
            "unit": "MB",
            "at_most": 150,
            "detail": "Python, decoders, LiteRT and network C",
        },
    ]


def _folder_of_films(folder: Path, drawn: list, outputs: str) -> list[dict]:
    """Idle cores and peak memory over a folder of MANY films."""
    peaks = {}
    for count in (FEW, MANY):
        films = Path(outputs) / f"films-{count}"
        films.mkdir()
        for number in range(count):
            cv2.imwrite(str(films / f"{number:04d}.jpg"), drawn[number % len(drawn)])
        before, start = psutil.cpu_times(), time.perf_counter()
        printed = python(["-c", FOLDER, str(folder), str(films)], outputs)
        idle = (psutil.cpu_times().idle - before.idle) / (time.perf_counter() - start)
        done, wall, work, peaks[count] = (float(word) for word in printed.split())
        if int(done) != count:
            raise RuntimeError(f"{int(done)} of {count} films were predicted")
    cores = psutil.cpu_count()
    return [
        {
            "what": f"folder of {MANY:,} films: share of the cores not left idle",
            "measured": max(work / wall / cores, 1 - idle / cores),
            "at_least": 0.8,
            "detail": f"{cores} cores, {MANY / wall:.0f} films a second; {work / wall:.2f} by ours",
        },
        {
            "what": f"folder: peak memory with {MANY:,} films over {FEW}",
            "measured": peaks[MANY] / peaks[FEW],
            "at_most": 1.15,
            "detail": f"{peaks[MANY]:.0f} MB against {peaks[FEW]:.0f} MB",
        },
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
