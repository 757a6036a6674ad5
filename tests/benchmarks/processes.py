"""Starting the suite's programs from a benchmark."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def python(words: list[str], outputs: str) -> str:
    """What `python WORDS` prints with its runs in `outputs`; RuntimeError when it fails."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=PROJECT,
        env=os.environ | {"CXR_OUTPUTS": outputs},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
