"""Submissions that end badly or mean harm: small notebooks, made in code, each a named case."""

import json
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from helpers.suite.grading.limits import MEBIBYTE, Limits
from helpers.suite.grading.outcome import Status

# Low, so that a case costs seconds and a wall that does not hold costs little.
TIGHT = Limits(
    cell_seconds=20,
    total_seconds=60,
    memory_bytes=400 * MEBIBYTE,
    processes=16,
    written_bytes=60 * MEBIBYTE,
    files=300,
    output_bytes=MEBIBYTE,
)
AFTER = "after = 'the cell behind it'"


@dataclass(frozen=True)
class Case:
    """One misbehaving cell, what becomes of it, and whether the cell behind it still runs."""

    code: str
    status: Status
    goes_on: bool = False


ENDINGS = {
    "passes": Case("1 + 1", Status.PASSED, True),
    "raises": Case("1 / 0", Status.RAISED, True),
    "sys.exit(0)": Case("import sys; sys.exit(0)", Status.SYS_EXIT, True),
    "exit()": Case("exit()", Status.SYS_EXIT),
    "os._exit(0)": Case("import os; os._exit(0)", Status.HARD_EXIT),
    "os._exit later": Case(
        "import os, threading, time; threading.Timer(0.2, os._exit, [3]).start(); time.sleep(9)",
        Status.HARD_EXIT,
    ),
    "kills its kernel": Case("import os; os.kill(os.getpid(), 9)", Status.KERNEL_KILLED),
    "crashes": Case("import ctypes; ctypes.string_at(0)", Status.KERNEL_KILLED),
    "asks for input": Case("input('your name?')", Status.ASKED_FOR_INPUT, True),
    "reads the keyboard": Case(
        "import getpass; getpass.getpass('password?')", Status.ASKED_FOR_INPUT, True
    ),
    "asks for too large an array": Case(
        "import numpy; numpy.ones(2**60, dtype='uint8')", Status.OUT_OF_MEMORY, True
    ),
    "prints for ever": Case("while True: print('x' * 1000)", Status.TOO_MUCH_OUTPUT),
    "writes to descriptor 1 for ever": Case(
        "import os\nwhile True: os.write(1, b'x' * 1000)", Status.TOO_MUCH_OUTPUT
    ),
    "updates one display for ever": Case(
        "from IPython.display import display\nline = display('x', display_id=True)\n"
        "while True: line.update('x' * 10_000)",
        Status.TOO_MUCH_OUTPUT,
    ),
}

# Heavy, and heavier still if a wall did not hold: run by `make prove`, all but one of a kind.
EATERS = {
    "eats memory": Case(
        "import numpy, time\nkept = []\n"
        "while True: kept.append(numpy.ones(2_000_000)); time.sleep(0.01)",
        Status.OUT_OF_MEMORY,
    ),
    "eats memory in a child": Case(
        "import subprocess, sys\n"
        "eat = 'import time; kept = []\\n'\n"
        "eat += 'while True: kept.append(bytearray(16_000_000)); time.sleep(0.01)'\n"
        "subprocess.run([sys.executable, '-c', eat])",
        Status.OUT_OF_MEMORY,
    ),
    "eats memory in nameless files": Case(
        "import os\nkept = []\n"
        "while True:\n    kept.append(os.memfd_create('x'))\n"
        "    os.write(kept[-1], bytes(9_000_000))",
        Status.TOO_MUCH_WRITTEN,
    ),
    "writes one file for ever": Case(
        "with open('big', 'wb') as file:\n    while True: file.write(bytes(1_000_000))",
        Status.TOO_MUCH_WRITTEN,
        True,
    ),
    "writes files for ever": Case(
        "import itertools\nfor number in itertools.count(): open(f'{number}', 'w').write('x')",
        Status.TOO_MUCH_WRITTEN,
    ),
    "writes files and deletes their names": Case(
        "import os\nkept = []\nwhile True:\n    kept.append(open('big', 'wb', buffering=0))\n"
        "    os.unlink('big')\n    kept[-1].write(bytes(9_000_000))",
        Status.TOO_MUCH_WRITTEN,
    ),
    "nests folders deeper than anybody looks": Case(
        "import os, time\nfor _ in range(70): os.mkdir('x'); os.chdir('x')\n"
        "open('big', 'wb').write(bytes(50_000_000)); time.sleep(15)",
        Status.TOO_MUCH_WRITTEN,
    ),
    "links to the whole disk, which is not its own": Case(
        "import os, time\nos.symlink('/', 'all'); time.sleep(2)", Status.PASSED, True
    ),
    "fork bomb": Case("import os\nwhile True: os.fork()", Status.TOO_MANY_PROCESSES),
    "starts processes": Case(
        "import subprocess, time\n"
        "kept = [subprocess.Popen(['sleep', '30']) for _ in range(30)]\ntime.sleep(15)",
        Status.TOO_MANY_PROCESSES,
    ),
    "starts threads": Case(
        "import threading, time\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()",
        Status.TOO_MANY_PROCESSES,
        True,
    ),
}

UNFIT = {
    "empty": (b"", Status.UNREADABLE_NOTEBOOK),
    "blank": (b"  \n", Status.UNREADABLE_NOTEBOOK),
    "no JSON": (b"import numpy", Status.UNREADABLE_NOTEBOOK),
    "half a file": (b'{"cells": [{"cell_type": "code", "sour', Status.UNREADABLE_NOTEBOOK),
    "other JSON": (b'{"a": 1}', Status.UNREADABLE_NOTEBOOK),
    "a list": (b"[1, 2]", Status.UNREADABLE_NOTEBOOK),
    "binary": (bytes(range(256)), Status.UNREADABLE_NOTEBOOK),
    "deep": (b"[" * 100_000 + b"]" * 100_000, Status.UNREADABLE_NOTEBOOK),
    "deep metadata": (
        b'{"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": {"a": '
        + b"[" * 900
        + b"]" * 900
        + b"}}",
        Status.UNREADABLE_NOTEBOOK,
    ),
}


def notebook(*codes: str, parameters: bool = True) -> nbformat.NotebookNode:
    """A notebook with a parameters cell and one cell for each of `codes`, ids 01-00, 01-01 …"""
    cells = [new_code_cell(code, id=f"01-{number:02}") for number, code in enumerate(codes)]
    if parameters:
        first = new_code_cell("student = 'nobody'\nseed = 0", id="01-aa")
        first.metadata["tags"] = ["parameters"]
        cells.insert(0, first)
    made = new_notebook(cells=cells)
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python",
        "language": "python",
    }
    return made


def write(path: Path, *codes: str) -> Path:
    """Store `notebook(*codes)` at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(*codes)), encoding="utf-8")
    return path


def attempt(code: str, allowed: str = "OSError") -> str:
    """A cell that passes only if `code` is refused with `allowed`."""
    body = "\n".join(f"    {line}" for line in code.splitlines())
    return (
        f"try:\n{body}\nexcept {allowed} as error:\n    print('refused:', error)\n"
        "else:\n    raise AssertionError('it worked')"
    )
