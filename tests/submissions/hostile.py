"""Submissions that end badly or mean harm: small notebooks, made in code, each a named case."""

import json
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from helpers.suite.grading.confinement.limits import MEBIBYTE, Limits
from helpers.suite.grading.confinement.outcome import Status

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
    "shows half a character": Case("print('\\ud800'); display('\\udc00')", Status.PASSED, True),
    "raises half a character": Case("raise ValueError('\\ud800')", Status.RAISED, True),
    "talks nonsense to the grader": Case(
        "kernel = get_ipython().kernel\n"
        "for content in ({}, {'name': 5}, {'data': 5, 'metadata': []}):\n"
        "    for kind in ('stream', 'status', 'error', 'display_data', 'comm_open'):\n"
        "        kernel.session.send(kernel.iopub_socket, kind, content, kernel.get_parent())",
        Status.KERNEL_KILLED,
    ),
    "sends one endless message": Case("print('x' * 2**25)", Status.TOO_MUCH_OUTPUT),
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
    "writes beside its sockets": Case(
        "import glob, itertools\nfolder = glob.glob('/tmp/cxr-*/ipc')[0]\n"
        "for n in itertools.count(): open(f'{folder}/{n}', 'wb').write(bytes(3_000_000))",
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


@dataclass(frozen=True)
class Outside:
    """What lies around a submission and is none of its business."""

    hidden_test: Path
    gradebook: Path
    other_submission: Path
    variable: str  # an environment variable of the grader, its value is "a-credential"
    process: int  # somebody's process
    grader: int
    port: int  # on 127.0.0.1, outside
    scratch: Path  # a file that it would leave outside its desk


def files_outside(outside: Outside) -> dict[str, str]:
    """Attempts on files; each is a cell that passes only if it was refused."""
    hidden, book, other = outside.hidden_test, outside.gradebook, outside.other_submission
    return {
        "read the hidden tests": attempt(f"open({str(hidden)!r}).read()"),
        "list the hidden tests": attempt(f"import os; os.listdir({str(hidden.parent)!r})"),
        "read them through a link": attempt(
            f"import os; os.symlink({str(hidden)!r}, 'innocent'); open('innocent').read()"
        ),
        "read them through /proc": attempt(
            f"import os; open('/proc/1/root' + {str(hidden)!r}).read()"
        ),
        "write the gradebook": attempt(f"open({str(book)!r}, 'a').write('anna,passed,100')"),
        "replace the gradebook": attempt(f"import os; os.replace('innocent', {str(book)!r})"),
        "delete the gradebook": attempt(f"import os; os.remove({str(book)!r})"),
        "read another submission": attempt(f"open({str(other)!r}).read()"),
        "change the suite": attempt("import helpers; open(helpers.__file__, 'a')"),
        "change a package": attempt("import nbformat; open(nbformat.__file__, 'a')"),
        "leave something behind": attempt(f"open({str(outside.scratch)!r}, 'x').write('x')"),
    }


def processes_outside(outside: Outside) -> dict[str, str]:
    """Attempts on processes, the grader's among them."""
    deeds = {
        "kill": "import os; os.kill({pid}, {signal})",
        "read the memory of": "open('/proc/{pid}/mem', 'rb').read(1)",
        "read the environment of": "open('/proc/{pid}/environ').read()",
        "trace": (
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "if libc.ptrace(16, {pid}, 0, 0): raise OSError(ctypes.get_errno(), 'refused')"
        ),
    }
    victims = {outside.process: 9, outside.grader: 0}  # a grader only asked whether it could be
    attempts = {
        f"{deed} {pid}": attempt(code.format(pid=pid, signal=signal))
        for pid, signal in victims.items()
        for deed, code in deeds.items()
    }
    # A grader that is root and cannot become another user runs it as a root without any power.
    root = "import os\nif os.getuid(): os.setuid(0)\nelse: open('/etc/shadow').read()"
    attempts["become root"] = attempt(root)
    return attempts


NO_CREDENTIALS = "import os\nassert 'a-credential' not in str(dict(os.environ))\n"
NO_CREDENTIALS += "assert not [name for name in os.environ if name.startswith('AWS_S')]"


def network_outside(outside: Outside) -> dict[str, str]:
    """Attempts on the network; the loopback of the machine counts as outside."""
    connect = "import socket; socket.create_connection(({host!r}, {port}), timeout=3)"
    return {
        "reach a local server": attempt(connect.format(host="127.0.0.1", port=outside.port)),
        "reach the internet": attempt(connect.format(host="192.0.2.7", port=443)),
        "reach a cloud's credentials": attempt(connect.format(host="169.254.169.254", port=80)),
        "ask for a name": attempt("import socket; socket.getaddrinfo('example.org', 443)"),
    }


LEFT_BEHIND = "import subprocess\n"
LEFT_BEHIND += "subprocess.Popen(['setsid', 'sh', '-c', 'sleep 63.25 & sleep 63.25'])"


def kill_all(outside: Outside) -> str:
    """Kills all it can, unless nothing keeps it from killing what is not its own."""
    return (
        f"import os\ntry:\n    os.kill({outside.process}, 0)\nexcept OSError:\n"
        "    try: os.kill(os.getppid(), 9)\n    except OSError: pass\n"
        "    os.system('sleep 63.25 &')\n    os.kill(-1, 9)"
    )
