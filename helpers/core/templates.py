"""Pages from templates: every value escaped, so that words from outside are never markup."""

import functools
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


@functools.cache  # templates are compiled once, however many pages they make
def template_environment(*folders: Path, **filters: Callable[..., str]) -> Environment:
    """The templates in `folders`, the first that has a name wins; `filters` are known in them.

    A name that nobody gave is an error, not an empty place.
    """
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(["html", "html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= filters
    return made
