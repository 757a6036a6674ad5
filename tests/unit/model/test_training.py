"""Training that nothing can hurt: killed, out of time, damaged, diverging."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from helpers.core.errors import SuiteError
from helpers.model.backend import prepare_device
from helpers.model.inference import predict
from helpers.model.training import fit
from tests.unit.model.small_films import compiled, small_films, small_settings

FULL = {
    "mixup": 0.3,
    "label_smoothing": 0.1,
    "augment_flip": True,
    "augment_rotation": 10.0,
    "augment_brightness": 0.1,
    "schedule": "one_cycle",
    "class_weights": True,
    "optimizer": "adamw",
}


@pytest.fixture(scope="module", autouse=True)
def device():
    return prepare_device(seed=0, deterministic=True)


class Killed(Exception):
    """Stands for the kill inside this process; a real SIGKILL is proved further down."""


def kill_in(epoch: int, step: int):
    def on_progress(progress):
        if (progress.epoch, progress.step) == (epoch, step):
            raise Killed

    return on_progress


def trained(settings, folder: Path, films=None, on_progress=None):
    films = films or small_films()
    model = compiled(settings, films)
    return model, fit(model, films, settings, folder, on_progress)


def same_weights(one, other) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_a_network_learns_and_the_history_has_a_row_an_epoch(tmp_path):
    model, training = trained(small_settings(epochs=12, learning_rate=0.01), tmp_path)
    assert list(training.history["epoch"]) == list(range(1, 13))
    columns = {"loss", "accuracy", "val_loss", "val_accuracy", "val_macro_f1", "seconds"}
    assert columns < set(training.history.columns)
    assert training.finished and training.ending == "all 12 epochs are done"
    assert training.history["loss"].iloc[-1] < training.history["loss"].iloc[0]
    assert (tmp_path / "history.csv").read_text().count("\n") == 13
    films = small_films()
    assert predict(model, films.images).shape == (48, 3)


def test_the_model_holds_the_best_epoch_not_the_last(tmp_path):
    films = small_films()
    model, training = trained(small_settings(epochs=6, learning_rate=0.02), tmp_path, films)
    best = training.history["val_loss"].idxmin()
    assert training.best_epoch == best + 1
    chosen = films.rows("validation")
    probabilities = predict(model, films.images[chosen])
    loss = -np.log(probabilities[np.arange(len(chosen)), films.codes[chosen]]).mean()
    assert loss == pytest.approx(training.history["val_loss"][best], rel=1e-4)


@pytest.mark.parametrize("settings", [{}, FULL], ids=["plain", "everything on"])
def test_killed_in_the_middle_of_an_epoch_it_reaches_the_very_same_weights(tmp_path, settings):
    settings = small_settings(best_by="last_epoch", **settings)
    unbroken, _ = trained(settings, tmp_path / "unbroken")
    with pytest.raises(Killed):
        trained(settings, tmp_path / "killed", on_progress=kill_in(epoch=3, step=2))
    resumed, training = trained(settings, tmp_path / "killed")
    assert training.resumed_from == 2
    assert same_weights(unbroken, resumed)


def test_another_seed_reaches_other_weights(tmp_path):
    one, _ = trained(small_settings(epochs=1, seed=0), tmp_path / "0")
    other, _ = trained(small_settings(epochs=1, seed=1), tmp_path / "1")
    assert not same_weights(one, other)


@pytest.mark.prove
def test_sigkill_of_the_process_loses_at_most_the_epoch_under_way(tmp_path):
    script = Path(__file__).with_name("train_small.py")
    root = Path(__file__).parents[3]

    def start(name: str) -> subprocess.Popen:
        environment = {**os.environ, "PYTHONPATH": str(root)}
        return subprocess.Popen([sys.executable, script, tmp_path / name], env=environment)

    assert start("unbroken").wait() == 0
    for epochs_done in (1, 4):
        process = start("killed")
        waited = tmp_path / "killed" / "checkpoints" / f"epoch_{epochs_done:04}.npz"
        while not waited.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not (tmp_path / "killed" / "weights.npz").exists()
    assert start("killed").wait() == 0
    with (
        np.load(tmp_path / "unbroken/weights.npz") as a,
        np.load(tmp_path / "killed/weights.npz") as b,
    ):
        assert a.files == b.files
        assert all(np.array_equal(a[name], b[name]) for name in a.files)


def test_a_finished_training_is_not_repeated(tmp_path):
    first, _ = trained(small_settings(), tmp_path)
    again, training = trained(small_settings(), tmp_path)
    assert training.resumed_from == 4 and training.finished and training.seconds < 5
    assert same_weights(first, again)


def test_other_settings_or_films_start_anew_and_say_so(tmp_path):
    trained(small_settings(epochs=2), tmp_path)
    _, training = trained(small_settings(epochs=3), tmp_path)
    assert training.resumed_from == 0
    assert "other settings or films" in training.remarks[0]
    _, training = trained(small_settings(epochs=3), tmp_path, small_films(seed=5))
    assert training.resumed_from == 0


def test_a_damaged_checkpoint_falls_back_to_the_one_before_and_says_so(tmp_path):
    unbroken, _ = trained(small_settings(best_by="last_epoch"), tmp_path / "unbroken")
    with pytest.raises(Killed):
        trained(small_settings(best_by="last_epoch"), tmp_path / "hurt", on_progress=kill_in(4, 1))
    newest = tmp_path / "hurt/checkpoints/epoch_0003.npz"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)
    resumed, training = trained(small_settings(best_by="last_epoch"), tmp_path / "hurt")
    assert training.resumed_from == 2
    assert "epoch_0003.npz was damaged" in training.remarks[0]
    assert same_weights(unbroken, resumed)


def test_only_the_last_two_epochs_and_the_best_stay_on_disk(tmp_path):
    _, training = trained(small_settings(epochs=6), tmp_path)
    kept = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert kept == {f"epoch_{n:04}.npz" for n in {5, 6, training.best_epoch}}


def test_a_time_budget_ends_cleanly_and_the_next_run_goes_on(tmp_path):
    films, settings = small_films(), small_settings(time_budget_minutes=0.5)

    def linger(progress):
        if progress.epoch == 3:
            time.sleep(30)

    _, training = trained(settings, tmp_path, films, linger)
    assert not training.finished and training.ending == "the time budget ended"
    assert len(training.history) == 2
    assert not (tmp_path / "training.json").exists()
    _, training = trained(small_settings(), tmp_path, films)
    assert training.finished and training.resumed_from == 2
    assert json.loads((tmp_path / "training.json").read_text())["ending"] == training.ending


def test_a_budget_shorter_than_one_epoch_is_said(tmp_path):
    with pytest.raises(SuiteError, match="raise time_budget_minutes"):
        trained(small_settings(time_budget_minutes=1e-6), tmp_path)


def test_a_loss_that_is_no_number_stops_with_the_epoch_and_keeps_the_last_good_state(tmp_path):
    settings, films = small_settings(), small_films()
    model = compiled(settings, films)

    def spoil(progress):
        if (progress.epoch, progress.step) == (3, 1):
            model.get_layer("logits").bias.assign(np.full(3, np.nan))

    with pytest.raises(SuiteError, match=r"epoch 3 .*checkpoint of epoch 2 is kept.*learning_rate"):
        fit(model, films, settings, tmp_path, spoil)
    assert (tmp_path / "checkpoints/epoch_0002.npz").exists()
    assert not (tmp_path / "checkpoints/epoch_0003.npz").exists()


def test_early_stop_and_stop_at_accuracy(tmp_path):
    settings = small_settings(epochs=50, learning_rate=0.01, stop_at_accuracy=0.9)
    _, training = trained(settings, tmp_path / "reached")
    assert training.ending == "the validation accuracy reached 0.9" and training.finished
    settings = small_settings(epochs=50, learning_rate=1e-7, patience=2, best_by="val_accuracy")
    _, training = trained(settings, tmp_path / "patience")
    assert training.ending == "no better epoch in 2" and len(training.history) < 50


def test_films_of_another_size_or_one_class_are_refused(tmp_path):
    settings, films = small_settings(), small_films(size=32)
    with pytest.raises(SuiteError, match="32 pixels wide and the network takes 16"):
        fit(compiled(settings, films), films, settings, tmp_path)
    films = small_films()
    films.codes[:] = 1
    with pytest.raises(SuiteError, match="holds 1 class"):
        fit(compiled(settings, films), films, settings, tmp_path)


def test_tensorboard_logs_on_request(tmp_path):
    trained(small_settings(epochs=1, tensorboard=True), tmp_path)
    assert list((tmp_path / "logs").glob("events.out.tfevents.*"))
