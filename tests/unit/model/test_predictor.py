"""The predictor: equal to the Keras model, calibrated, gated, stamped, and never an exception."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from helpers.core.errors import MissingInputError, SuiteError
from helpers.data.images import decode_film, prepare_film
from helpers.model.predictor import Prediction, Predictor, audit_stamp

CLASSES = ["COVID-19", "No finding", "Pneumonia"]
FIELDS = ["file", "accepted", "reason", "label", "probabilities", "confidence", "stamp"]
FIELDS += ["milliseconds", "notes"]


def film(seed: int = 0, height: int = 90, width: int = 70) -> np.ndarray:
    values = np.random.default_rng(seed).normal(120, 60, (height, width))
    return cv2.GaussianBlur(np.clip(values, 0, 255).astype(np.uint8), (0, 0), 2)


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """A run folder with a small network's two models, and the Keras model itself."""
    from helpers.model.architectures import build
    from helpers.model.backend import keras
    from helpers.model.light import export_light

    keras.utils.set_random_seed(1)
    model = build("ten_conv_cnn", CLASSES, 64)
    folder = tmp_path_factory.mktemp("outputs") / "small"
    (folder / "model").mkdir(parents=True)
    export_light(model, folder / "model", CLASSES, {"enhancement": "clahe"})
    model.save(folder / "model/model.keras")
    return folder, model


@pytest.fixture
def folder(trained, tmp_path: Path) -> Path:
    """A copy of that run folder which a test may change."""
    return Path(shutil.copytree(trained[0], tmp_path / "small"))


def test_bytes_and_pixels_give_what_keras_gives(trained) -> None:
    folder, model = trained
    predictor = Predictor.load(folder)
    prepared = np.stack([prepare_film(film(seed), 64, "clahe") for seed in range(40)])
    expected = model.predict(prepared[..., None].astype("float32"), verbose=0)
    probabilities, maps = predictor.predict_pixels(prepared)
    assert np.abs(probabilities - expected).max() < 1e-4
    assert maps.shape[0] == 40
    assert maps.shape[-1] == 3
    single = predictor.predict_bytes(png(film(5)), "five.png")
    assert np.abs(np.array(list(single.probabilities.values())) - expected[5]).max() < 1e-4
    assert single.label == CLASSES[expected[5].argmax()]
    assert single.confidence == max(single.probabilities.values())


def test_an_accepted_film_has_every_field(trained) -> None:
    prediction = Predictor.load(trained[0]).predict_bytes(png(film()), "a.png")
    line = prediction.to_json()
    assert list(line) == FIELDS
    assert json.loads(json.dumps(line)) == line
    assert (line["file"], line["accepted"], line["reason"]) == ("a.png", True, None)
    assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert line["milliseconds"] > 0
    assert prediction.film.shape == (90, 70)
    assert prediction.saliency_of(line["label"]).max() <= 1


def test_a_bad_file_is_a_prediction_with_its_reason(trained) -> None:
    line = Predictor.load(trained[0]).predict_bytes(b"not a film", "letter.png").to_json()
    assert list(line) == FIELDS
    assert line["accepted"] is False
    assert "not a picture" in line["reason"]
    assert line["label"] is None
    assert line["probabilities"] == {}


def test_the_temperature_softens_probabilities_and_keeps_their_order(folder: Path) -> None:
    before = Predictor.load(folder).predict_film(film())
    (folder / "model/calibration.json").write_text('{"temperature": 3.0}')
    predictor = Predictor.load(folder)
    after = predictor.predict_film(film())
    assert after.label == before.label
    assert after.confidence < before.confidence
    raw, _ = predictor.predict_pixels(prepare_film(film(), 64, "clahe")[None], calibrated=False)
    assert raw.max() == pytest.approx(before.confidence, abs=1e-6)


def test_mirrored_runs_take_the_mean_of_both_sides(trained) -> None:
    predictor = Predictor.load(trained[0])
    both = replace(predictor, mirrored=True)
    square = prepare_film(film(), 64)[None]
    left, right = (predictor.predict_pixels(s)[0] for s in (square, square[:, :, ::-1]))
    probabilities, maps = both.predict_pixels(square)
    assert np.allclose(probabilities, (left + right) / 2)
    mirrored_maps = both.predict_pixels(square[:, :, ::-1])[1][:, :, ::-1]
    assert np.allclose(maps, mirrored_maps, rtol=1e-4, atol=1e-6 * np.abs(maps).max())


class TurnsAwayBrightFilms:
    """A gate of the form that helpers.model.gate has."""

    def check(self, pixels: np.ndarray) -> SimpleNamespace:
        bright = pixels.mean() > 200
        return SimpleNamespace(
            accepted=not bright,
            reason="This is a blank picture." if bright else None,
            corrected_pixels=255 - pixels if pixels.mean() < 20 else None,
            note="Shown as a negative; turned." if pixels.mean() < 20 else None,
        )


def test_the_gate_turns_away_and_corrects(trained) -> None:
    predictor = replace(Predictor.load(trained[0]), gate=TurnsAwayBrightFilms())
    away = predictor.predict_film(np.full((50, 50), 250, np.uint8))
    assert (away.accepted, away.reason) == (False, "This is a blank picture.")
    dark = film() // 16
    turned = predictor.predict_film(dark)
    straight = predictor.predict_film(255 - dark - 0)
    assert turned.notes == ("Shown as a negative; turned.",)
    assert not straight.accepted  # so the correction above came from the gate
    assert np.array_equal(turned.film, 255 - dark)


def test_the_gate_of_the_run_folder_is_used_without_heavy_imports(folder: Path) -> None:
    from helpers.data.phantoms import generate_collection, non_films
    from helpers.model.gate_training import fit_gate

    films = [phantom.pixels for phantom in generate_collection(24, seed=3, size=128)]
    fit_gate(films, seed=0).save(folder / "model/gate.json")
    predictor = Predictor.load(folder)
    assert predictor.predict_film(films[0]).accepted
    pictures = [picture for picture, _ in non_films(8, seed=1, size=128)]
    turned_away = [predictor.predict_film(picture) for picture in pictures]
    assert sum(not prediction.accepted for prediction in turned_away) >= 7
    program = (
        "import sys; from helpers.model.predictor import Predictor\n"
        f"Predictor.load({str(folder)!r})\n"
        "print(sorted({'tensorflow', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout.strip() == "[]"


def test_many_threads_share_one_predictor(trained) -> None:
    predictor = Predictor.load(trained[0], interpreters=2)
    files = [png(film(seed)) for seed in range(24)]
    alone = [predictor.predict_bytes(data).probabilities for data in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda data: predictor.predict_bytes(data).probabilities, files))
    assert together == alone


def test_training_and_prediction_see_the_same_pixels(trained) -> None:
    """What 03_preprocess stores is bit for bit what the engine is handed for the same file."""
    seen = []
    predictor = Predictor.load(trained[0])
    spy = replace(predictor, engine=lambda films: (seen.append(films), predictor.engine(films))[1])
    data = png(film())
    spy.predict_bytes(data)
    stored = prepare_film(decode_film(data).pixels, 64, "clahe")
    assert np.array_equal(seen[0][0, ..., 0], stored.astype(np.float32))


def test_a_run_without_model_names_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError, match=r"'empty' has no model yet .* run 04_train first"):
        Predictor.load(tmp_path / "empty")


def test_without_the_light_model_keras_steps_in_with_a_note(folder: Path, trained) -> None:
    light = Predictor.load(folder).predict_film(film())
    (folder / "model/model.tflite").unlink()
    whole = Predictor.load(folder).predict_film(film())
    assert whole.confidence == pytest.approx(light.confidence, abs=1e-4)
    assert [note.code for note in whole.notes] == ["fallback"]
    assert whole.saliency is None
    assert whole.saliency_of(whole.label) is None


def test_a_damaged_model_and_foreign_classes_are_one_sentence(folder: Path) -> None:
    labels = folder / "model/labels.json"
    labels.write_text('["negative", "positive"]')
    with pytest.raises(SuiteError, match=r"does not fit the model .*2 names, 3 outputs"):
        Predictor.load(folder)
    labels.write_text("[")
    with pytest.raises(SuiteError, match="damaged"):
        Predictor.load(folder)
    (folder / "model/model.tflite").write_bytes(b"TFL3 but not really")
    with pytest.raises(SuiteError, match="run 04_train again"):
        Predictor.load(folder)


def test_the_stamp_says_what_the_audits_said(folder: Path) -> None:
    assert audit_stamp({}) == "not audited"
    assert audit_stamp({"audit": {"passed": True, "findings": []}}) == "audit passed"
    failed = {"audit": {"passed": False, "findings": [{"name": "border shortcut"}, "leakage"]}}
    assert audit_stamp(failed) == "audit failed: border shortcut, leakage"
    (folder / "run.json").write_text(json.dumps(failed))
    assert Predictor.load(folder).predict_film(film()).stamp == audit_stamp(failed)


def test_neither_tensorflow_nor_pandas_is_imported_and_stderr_stays_quiet(trained) -> None:
    program = (
        "import sys; from helpers.model.predictor import Predictor\n"
        f"p = Predictor.load({str(trained[0])!r})\n"
        "import numpy as np; p.predict_film(np.zeros((64, 64), np.uint8))\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'sklearn', 'matplotlib', 'pydicom'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("[]", "")


def test_pixels_stay_out_of_what_is_shown_and_compared(trained) -> None:
    one = Prediction("a", False, "r", None, {}, None, "s", 1.0, film=np.zeros((4, 4)))
    assert one == replace(one, film=np.ones((4, 4)))
    assert "array" not in repr(one)
