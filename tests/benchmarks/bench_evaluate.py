"""Evaluation: the bootstrap against scikit-learn in a loop, the notebook against one prediction."""

import json
import tempfile
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from helpers.model.intervals import bootstrap, patient_weights
from helpers.model.predictions import Predictions
from helpers.model.ranking import Ranking
from helpers.model.tally import Tally
from tests.benchmarks.processes import python

FILMS = RESAMPLES = 10_000
CLASSES = ("COVID-19", "No finding", "Pneumonia")
PREDICT_TEST_SPLIT = """
import time
import numpy as np
from helpers.core.runs import Run
from helpers.model.evaluation import held_out_films
from helpers.model.predictor import Predictor

run = Run("sample")
films = held_out_films(run)
images = np.load(run.path("images.npy"))[films.index[films["split"] == "test"]]
predictor = Predictor.load(run.folder)
seconds = []
for _ in range(5):
    start = time.perf_counter()
    predictor.predict_pixels(images)
    seconds.append(time.perf_counter() - start)
print(min(seconds))
"""
REPEATS = 2
LOOPED = 50  # resamples of the slow loop that are timed; each costs the same


def run() -> list[dict]:
    """The speed of one evaluation, and the memory that it takes."""
    predictions = predict()
    tally = Tally(predictions, dict.fromkeys(CLASSES, 0.3))
    ranking = Ranking(predictions.truth == 0, predictions.probabilities[:, 0], predictions.patients)
    every_score(predictions.truth, predictions.probabilities)  # scikit-learn's import is not timed
    return [
        against_loop("all scores", tally, every_score, predictions),
        against_loop("one AUROC", lambda weights: ranking(weights)[0], auroc_of_first, predictions),
        {
            "what": "memory that the bootstrap adds",
            "measured": peak_memory(tally),
            "unit": "GB",
            "at_most": 0.3,
            "detail": f"{FILMS:,} films, 1,000 resamples; more resamples take no more",
        },
        whole_notebook(),
    ]


def whole_notebook() -> dict:
    """05_evaluate with its audits, imports included, and predicting once; the best of a few."""
    with tempfile.TemporaryDirectory() as outputs:
        words = ["-m", "tests.benchmarks.one_process"]
        python([*words, "01_ingest", "03_preprocess", "04_train", "--set", "epochs=1"], outputs)
        printed = [python([*words, "05_evaluate"], outputs) for _ in range(REPEATS)]
        evaluate = min(
            json.loads(text.splitlines()[-1])["seconds"]["05_evaluate"] for text in printed
        )
        predict = float(python(["-c", PREDICT_TEST_SPLIT], outputs).splitlines()[-1])
        python(["-m", "helpers", "store", "stop"], outputs)
    return {
        "what": "05_evaluate with its audits, less 5 times predicting the test split",
        "measured": evaluate - 5 * predict,
        "unit": "s",
        "at_most": 3.0,
        "detail": f"{evaluate:.2f} s, all imports included; the test split once: {predict:.2f} s",
    }


def against_loop(what: str, statistic: Callable, loop: Callable, predictions: Predictions) -> dict:
    """How many times faster all resamples are at once than one after the other."""
    rng = np.random.default_rng(0)

    def looped() -> None:
        for _ in range(LOOPED):
            drawn = rng.integers(0, FILMS, FILMS)
            loop(predictions.truth[drawn], predictions.probabilities[drawn])

    def at_once() -> None:
        for weights in patient_weights(FILMS, RESAMPLES, seed=0):
            statistic(weights)

    slow, fast = cpu_seconds(looped) * RESAMPLES / LOOPED, cpu_seconds(at_once)
    return {
        "what": f"bootstrap of {what}, times faster than scikit-learn's in a loop",
        "measured": slow / fast,
        "at_least": 20,
        "detail": f"{RESAMPLES:,} resamples of {FILMS:,} films, 3 classes: {fast:.1f} s against "
        f"{slow:.0f} s ({LOOPED} resamples timed)",
    }


def predict() -> Predictions:
    """10,000 films of 10,000 patients and a fairly good classifier."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, FILMS)
    logits = rng.normal(size=(FILMS, 3))
    logits[np.arange(FILMS), truth] += 1.5
    odds = np.exp(logits)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    return Predictions(truth, probabilities, np.arange(FILMS), CLASSES)


def every_score(truth: np.ndarray, probabilities: np.ndarray) -> None:
    """What the tally computes, by the shortest way in scikit-learn (PPV, NPV and ECE aside)."""
    import sklearn.metrics as sk

    called = probabilities.argmax(axis=1)
    sk.accuracy_score(truth, called)
    sk.balanced_accuracy_score(truth, called)
    sk.precision_recall_fscore_support(truth, called)
    sk.multilabel_confusion_matrix(truth, called)
    sk.brier_score_loss(truth, probabilities)
    for code in range(3):
        sk.roc_auc_score(truth == code, probabilities[:, code])
        sk.average_precision_score(truth == code, probabilities[:, code])


def auroc_of_first(truth: np.ndarray, probabilities: np.ndarray) -> None:
    """The first class against the rest."""
    from sklearn.metrics import roc_auc_score

    roc_auc_score(truth == 0, probabilities[:, 0])


def cpu_seconds(work: Callable) -> float:
    """Processor seconds of all threads that a call took: fair on a busy machine too."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak_memory(tally: Tally) -> float:
    """Gigabytes at the highest point of a bootstrap."""
    tracemalloc.start()
    bootstrap(tally, FILMS, 1000, seed=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e9
