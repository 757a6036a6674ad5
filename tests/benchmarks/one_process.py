"""Runs the cells of notebooks in this one process, and prints seconds of each and peak memory.

`python -m tests.benchmarks.one_process 01_ingest 03_preprocess --set generate_films=300`
The last line of the output is JSON: {"seconds": {notebook: s}, "peak_bytes": b}.
"""

import argparse
import json
import resource
import time

from IPython.core.interactiveshell import InteractiveShell

from helpers.core.params import load_parameters, parse_override
from helpers.suite.lessons import STEPS, Step, find_step, read_notebook
from helpers.suite.runner import declared_parameters


def run_cells(step: Step, settings) -> float:
    """Execute one notebook's code cells in a fresh namespace; returns seconds."""
    started = time.perf_counter()
    shell = InteractiveShell.instance()
    shell.reset(new_session=False)
    cells = [cell for cell in read_notebook(step.path).cells if cell.cell_type == "code"]
    for cell in cells:
        shell.run_cell(cell.source).raise_error()
        if "parameters" in cell.metadata.get("tags", []):
            shell.user_ns.update(declared_parameters(step, settings))
    return time.perf_counter() - started


def main() -> None:
    """Read the command line, run, print."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("notebooks", nargs="*", default=[step.name for step in STEPS])
    reader.add_argument("--set", action="append", default=[])
    words = reader.parse_args()
    settings = load_parameters([], dict(parse_override(text) for text in words.set))
    steps = [STEPS[find_step(name)] for name in words.notebooks]
    seconds = {step.name: run_cells(step, settings) for step in steps}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts KiB
    print(json.dumps({"seconds": seconds, "peak_bytes": peak}))


if __name__ == "__main__":
    main()
