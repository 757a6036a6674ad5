"""Progress passes every item on, shows one line in a notebook and nothing in a pipe."""

from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from helpers.core.progress import progress


def test_every_item_comes_through_and_a_pipe_stays_silent(capfd):
    assert list(progress(iter("abc"), 3, "Letters")) == ["a", "b", "c"]
    assert capfd.readouterr() == ("", "")


def test_a_notebook_ends_with_one_line_that_counts_all(monkeypatch):
    shell = InteractiveShell.instance()
    monkeypatch.setattr(shell, "kernel", object(), raising=False)
    monkeypatch.setattr(shell, "display_pub", CapturingDisplayPublisher(shell=shell))
    assert list(progress(range(3), 3, "Films")) == [0, 1, 2]
    shown = shell.display_pub.outputs
    InteractiveShell.clear_instance()
    assert shown[-1]["data"]["text/markdown"].startswith("Films: 3 of 3 in ")
