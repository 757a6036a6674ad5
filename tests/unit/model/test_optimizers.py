"""Optimisers and learning-rate schedules by name."""

import pytest

from helpers.model.optimizers import learning_rate, make_optimizer
from tests.unit.model.small_films import small_settings


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_every_named_optimizer_is_built_with_its_rate(name):
    optimizer = make_optimizer(small_settings(optimizer=name, learning_rate=0.02), 34)
    assert type(optimizer).__name__.lower() == name
    assert float(optimizer.learning_rate) == pytest.approx(0.02)


def test_weight_decay_is_adamw_s():
    settings = small_settings(optimizer="adamw", weight_decay=0.03)
    assert make_optimizer(settings, 34).weight_decay == 0.03


def test_one_cycle_rises_to_the_peak_and_falls_to_almost_nothing():
    rate = learning_rate("one_cycle", peak=0.1, steps=100)
    values = [float(rate(step)) for step in range(101)]
    assert values[0] == pytest.approx(0.1 / 25)
    assert values.index(max(values)) == 30 and max(values) == pytest.approx(0.1)
    assert values[100] < 1e-4


def test_cosine_falls_from_the_peak_to_zero():
    rate = learning_rate("cosine", peak=0.1, steps=100)
    assert [float(rate(step)) for step in (0, 50, 100)] == pytest.approx([0.1, 0.05, 0], abs=1e-6)
