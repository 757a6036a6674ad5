"""The upload panel of 06_predict: ipywidgets over the predictor, in JupyterLab and under Voila.

`session` keeps what was predicted, `cards`, `viewer`, `history` and `feedback` show it, `inputs`
takes films in, `panel` puts them together. Nothing here prints or computes a prediction.
"""

from typing import Any

__all__ = ["PredictionPanel"]


def __getattr__(name: str) -> Any:
    """Load the panel when it is asked for: the web page uses `cards` without ipywidgets."""
    if name != "PredictionPanel":
        raise AttributeError(name)
    from helpers.app.widgets.panel import PredictionPanel

    return PredictionPanel
