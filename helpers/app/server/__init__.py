"""The web page and the REST service of a run, over the same predictor as panel and commands.

`application` puts the parts together and serves them; `guard` stands before every request; `api`
and `pages` answer; `tokens`, `signing` and `rate` decide who may; `feedback` keeps what analysts
say, when asked.
"""
