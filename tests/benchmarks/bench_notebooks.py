"""What a notebook costs over the same steps called in one Python process.

The one process runs every notebook's cells one after the other, so it imports each library once;
under papermill each notebook has a kernel of its own and writes an executed copy.
"""

import json
import tempfile
from pathlib import Path

from tests.benchmarks.processes import python

# Little work, so that the cost of the notebook itself is not lost in the noise of training.
SETTINGS = ("--set", "generate_films=90", "--set", "epochs=1")


def run() -> list[dict]:
    """One row a notebook: seconds under papermill less seconds in one process."""
    alone, papermill = _in_one_process(), _under_papermill()
    return [
        {
            "what": f"{name}: papermill over one process",
            "measured": papermill[name] - alone[name],
            "unit": "s",
            "at_most": 3.0,
            "detail": f"{papermill[name]:.1f} s against {alone[name]:.1f} s",
        }
        for name in alone
    ]


def _in_one_process() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as outputs:
        words = ["-m", "tests.benchmarks.one_process", *SETTINGS]
        printed = python(words, outputs)
        python(["-m", "helpers", "store", "stop"], outputs)
    return json.loads(printed.splitlines()[-1])["seconds"]


def _under_papermill() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as outputs:
        python(["-m", "helpers", "run", *SETTINGS], outputs)
        facts = json.loads((Path(outputs) / "sample" / "run.json").read_text())
        python(["-m", "helpers", "store", "stop"], outputs)
    return {name: step["seconds"] for name, step in facts["notebooks"].items()}
