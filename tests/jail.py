"""Runs a few lines of Python in the jail, and brings back what they said."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from helpers.suite.grading.confinement.jail.plan import Plan
from helpers.suite.grading.confinement.walls import Walls, visible_paths


@dataclass(frozen=True)
class Said:
    """Exit code (negative: signal), what the lines wrote to the file `said`, the jail's words."""

    code: int
    words: str
    complaint: str


def plan_for(desk: Path, code: str, **settings: object) -> Plan:
    """A plan to run `code` in `desk`, where it may write; `say(...)` writes to the file said."""
    preface = "def say(*words): print(*words, file=open('said', 'a'), flush=True)\n"
    defaults = {"readable": visible_paths(), "writable": (str(desk),), "folder": str(desk)}
    return Plan(command=(sys.executable, "-c", preface + code), **(defaults | settings))


def start(plan: Plan, desk: Path) -> subprocess.Popen:
    """The jail's warden, started."""
    path = desk.parent / "plan.json"
    plan.write(path)
    return subprocess.Popen(Walls().command(path), stderr=subprocess.PIPE)


def jailed(desk: Path, code: str, **settings: object) -> Said:
    """Run `code` in the jail to its end."""
    desk.mkdir(exist_ok=True)
    warden = start(plan_for(desk, code, **settings), desk)
    complaint = warden.communicate(timeout=60)[1].decode()
    said = desk / "said"
    return Said(warden.returncode, said.read_text() if said.exists() else "", complaint)
