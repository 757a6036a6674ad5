"""The upload page as the reports A, C and D wrote theirs, for bench_serve: what not to do.

The upload is saved, read again with Keras, and predicted with `model.predict`; Flask's own server
answers. (Their further faults, such as saving under the sender's file name, are left out.)

`python -m tests.benchmarks.flask_page MODEL.keras FOLDER` prints its port and serves.
"""

import logging
import sys
from pathlib import Path

import numpy as np
from flask import Flask, render_template_string, request
from werkzeug.serving import make_server

from helpers.model.backend import keras
from tests.serving import CLASSES

RESULT = "<h1>Result</h1><p>The film shows: {{ label }} ({{ share }})</p>"


def make_page(model: keras.Model, folder: Path) -> Flask:
    """The page."""
    page = Flask(__name__)
    side = model.input_shape[1]

    @page.post("/result")
    def result() -> str:
        path = folder / "upload.jpg"
        request.files["films"].save(path)
        film = keras.utils.load_img(path, target_size=(side, side), color_mode="grayscale")
        shares = model.predict(keras.utils.img_to_array(film)[np.newaxis], verbose=0)[0]
        label = CLASSES[int(shares.argmax())]
        return render_template_string(RESULT, label=label, share=f"{shares.max():.1%}")

    return page


def main() -> None:
    """Load, warm up, serve."""
    model = keras.models.load_model(sys.argv[1], compile=False)
    model.predict(np.zeros((1, *model.input_shape[1:])), verbose=0)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, make_page(model, Path(sys.argv[2])), threaded=False)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
