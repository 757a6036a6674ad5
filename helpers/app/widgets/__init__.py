"""The upload panel of 06_predict: ipywidgets over the predictor, in JupyterLab and under Voila.

`session` keeps what was predicted, `cards`, `viewer`, `history` and `feedback` show it, `inputs`
takes films in, `panel` puts them together. Nothing here prints or computes a prediction.
"""

from helpers.app.widgets.panel import PredictionPanel

__all__ = ["PredictionPanel"]
