"""The two ways to run a trained network: LiteRT without TensorFlow, and Keras where that is all."""

import functools
import queue
from collections.abc import Callable
from pathlib import Path

import numpy as np

from helpers.core.errors import SuiteError
from helpers.core.machine import cores
from helpers.model.quiet import quiet_stderr

# float32 (N, S, S, 1) in 0..255 -> probabilities (N, C) and Grad-CAM maps (N, h, w, C) or None.
Engine = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]


class LightEngine:
    """A LiteRT model, used by any number of threads.

    An interpreter serves one thread at a time, so a few are kept and lent out; each computes on
    one core, because films in parallel use cores better than cores in parallel on one film.
    A scikit-learn head beside the model (`head.skops`) answers in place of its last layer.
    """

    def __init__(self, path: Path, interpreters: int = 0):
        """Open the model; `interpreters` at most run at once (0: one for each core).

        Raises SuiteError when the file is no LiteRT model, or its head may not be loaded.
        """
        self._path = path
        self._head = _head(path.with_name("head.skops"))
        self._idle: queue.LifoQueue = queue.LifoQueue()
        for _ in range((interpreters or cores()) - 1):
            self._idle.put(None)  # made when first needed
        try:
            first = self._open()
        except (ValueError, RuntimeError) as error:
            raise SuiteError(
                f"{path.name} of this run is not a readable LiteRT model: run 04_train again."
            ) from error
        self.outputs = int(first.get_output_details()["probabilities"]["shape"][-1])
        self._idle.put(first)

    def _open(self) -> Callable[..., dict[str, np.ndarray]]:
        from ai_edge_litert.interpreter import Interpreter

        with quiet_stderr():  # the first pass reports its choice of delegate there
            interpreter = Interpreter(model_path=str(self._path), num_threads=1)
            runner = interpreter.get_signature_runner()
            runner(films=np.zeros(runner.get_input_details()["films"]["shape"], np.float32))
        return runner

    def __call__(self, films: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Predict float32 (N, S, S, 1); waits when all interpreters are busy."""
        runner = self._idle.get()
        try:
            runner = runner or self._open()
            found = runner(films=films)
        finally:
            self._idle.put(runner)
        if self._head is not None:
            return self._head(found["features"], self.outputs), None
        return found["probabilities"], found.get("saliency")


def _head(path: Path) -> Callable[[np.ndarray, int], np.ndarray] | None:
    """What turns deep features into probabilities, if the run was trained with such a head."""
    if not path.exists():
        return None
    from helpers.model.heads import head_probabilities, load_head

    return functools.partial(head_probabilities, load_head(path))


class KerasEngine:
    """The trained Keras model itself: slow to start, and without saliency maps."""

    def __init__(self, path: Path):
        """Import TensorFlow and load the model; its own format holds no code that would run."""
        from helpers.model.backend import keras

        self._model = keras.models.load_model(path, compile=False)
        self.outputs = int(self._model.output_shape[-1])

    def __call__(self, films: np.ndarray) -> tuple[np.ndarray, None]:
        """Predict float32 (N, S, S, 1)."""
        return np.asarray(self._model(films, training=False)), None
