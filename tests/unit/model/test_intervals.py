"""Bootstrap over patients: who is drawn, how much memory it takes, what the bounds are."""

import tracemalloc

import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap

from helpers.model.intervals import CELLS_AT_ONCE, bootstrap, describe, patient_weights


def mean_of(values):
    """The mean of one value for each patient, as a statistic of patient weights."""
    return lambda weights: (weights @ values / weights.sum(axis=1))[:, None]


def test_each_resample_draws_as_many_patients_as_there_are():
    weights = np.vstack(list(patient_weights(30, 200, seed=0)))
    assert weights.shape == (200, 30)
    assert (weights.sum(axis=1) == 30).all()
    assert weights.var() == pytest.approx(1 - 1 / 30, rel=0.1)  # multinomial draws


def test_resamples_depend_on_the_seed_alone():
    first, again, other = (np.vstack(list(patient_weights(10, 50, seed))) for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_memory_does_not_grow_with_the_number_of_resamples():
    def peak(resamples):
        tracemalloc.start()
        for _ in patient_weights(5000, resamples, seed=0):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(2000) < 1.2 * peak(400)
    assert peak(400) < 8 * 8 * CELLS_AT_ONCE


def test_the_interval_is_scipys_bca():
    values = np.random.default_rng(0).lognormal(size=80)
    ours = describe(bootstrap(mean_of(values), 80, 20_000, 0), 0, n=80, patients=80)
    theirs = scipy_bootstrap(
        (values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert ours["low"] == pytest.approx(theirs.low, abs=0.03 * width)
    assert ours["high"] == pytest.approx(theirs.high, abs=0.03 * width)


def test_many_patients_are_left_out_in_blocks_with_nearly_the_same_bounds(monkeypatch):
    values = np.random.default_rng(0).lognormal(size=600)
    blocks = bootstrap(mean_of(values), 600, 4000, 0)
    assert len(blocks.left_out) == 400
    monkeypatch.setattr("helpers.model.intervals.JACKKNIFE_BLOCKS", 600)
    single = bootstrap(mean_of(values), 600, 4000, 0)
    bounds = [describe(one, 0, n=600, patients=600) for one in (blocks, single)]
    width = bounds[0]["high"] - bounds[0]["low"]
    for side in ("low", "high"):
        assert bounds[0][side] == pytest.approx(bounds[1][side], abs=0.05 * width)


@pytest.mark.parametrize(("everybody", "side"), [(1.0, "low"), (0.0, "high")])
def test_all_right_or_all_wrong_gets_the_exact_binomial_bound(everybody, side):
    resampled = bootstrap(mean_of(np.full(20, everybody)), 20, 500, 0)
    scored = describe(resampled, 0, n=20, patients=20)
    assert abs(everybody - scored[side]) == pytest.approx(1 - 0.025 ** (1 / 20), abs=1e-6)


def test_too_few_patients_get_no_interval_but_a_reason():
    resampled = bootstrap(mean_of(np.array([0.0, 1.0, 1.0])), 3, 500, 0)
    scored = describe(resampled, 0, n=3, patients=3)
    assert (scored["low"], scored["high"]) == (None, None)
    assert scored["reason"] == "3 patients are too few for an interval"


def test_a_value_that_most_resamples_leave_undefined_gets_no_interval():
    def mostly_undefined(weights):
        return np.where(weights[:, :1] > 1, 0.5, np.where(weights.min() == 1, 0.5, np.nan))

    scored = describe(bootstrap(mostly_undefined, 10, 500, 0), 0, n=10, patients=10)
    assert scored["low"] is None
    assert "undefined" in scored["reason"]
