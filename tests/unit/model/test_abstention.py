"""price_of_doubt: counts of answers and of right ones among them, threshold by threshold."""

import numpy as np
import pandas as pd

from helpers.model.abstention import price_of_doubt

TABLE = pd.DataFrame(
    {
        "label": ["a", "a", "b", "b"],
        "predicted": ["a", "b", "b", "a"],
        "p_a": [0.95, 0.4, 0.2, 0.55],
        "p_b": [0.05, 0.6, 0.8, 0.45],
    }
).astype({"label": "string", "predicted": "string"})  # as a run's tables are read


def test_more_silence_answers_less_and_more_rightly() -> None:
    price = price_of_doubt(TABLE, ["a", "b"], [0, 0.6, 0.7, 0.99])
    assert price["answered"].tolist() == [4, 3, 2, 0]
    assert price["share answered"].tolist() == [1, 0.75, 0.5, 0]
    assert price["share right"].tolist()[:3] == [0.5, 0.667, 1]
    assert np.isnan(price["share right"].iloc[3])


def test_a_confidence_at_the_threshold_answers() -> None:
    assert price_of_doubt(TABLE, ["a", "b"], [0.95])["answered"].tolist() == [1]
