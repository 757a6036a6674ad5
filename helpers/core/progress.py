"""Progress of long work: a bar in a terminal, one line that updates in a notebook."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
_SECONDS_BETWEEN_UPDATES = 0.5


def progress(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Pass `items` on and show how many of `total` have gone by.

    A notebook keeps only the last line, so its stored output stays small.
    """
    if _is_notebook():
        return _in_notebook(items, total, what)
    from tqdm import tqdm

    return iter(tqdm(items, total=total, desc=what, leave=False, disable=not sys.stderr.isatty()))


def _is_notebook() -> bool:
    """Whether this code runs in a kernel; a terminal need not load IPython to know."""
    shell = "IPython" in sys.modules and sys.modules["IPython"].get_ipython()
    return hasattr(shell, "kernel")


def _in_notebook(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    from IPython.display import Markdown, display

    line = display(Markdown(f"{what}: 0 of {total:,}"), display_id=True)
    started = shown = time.monotonic()
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        if time.monotonic() - shown > _SECONDS_BETWEEN_UPDATES:
            shown = time.monotonic()
            line.update(Markdown(f"{what}: {done:,} of {total:,}"))
    seconds = time.monotonic() - started
    line.update(Markdown(f"{what}: {done:,} of {total:,} in {seconds:.1f} s"))
