"""Grading: what a class of small submissions costs beyond their own seconds, and memory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from helpers.core.machine import cores
from helpers.core.runs import PROJECT
from tests.unit.suite.grading.small_class import hand_in, solved, write_class

FEW, MANY = 20, 100
SECONDS_BETWEEN_LOOKS = 0.25


@dataclass(frozen=True)
class Grading:
    """One graded class: seconds by the clock, of each submission, and the grader's peak in MB."""

    wall: float
    seconds: list[float]
    peak: float


def run() -> list[dict]:
    """Wall time and own work of a class of MANY, memory against a class of FEW."""
    jobs = cores()
    few, many = graded_class(FEW, jobs), graded_class(MANY, jobs)
    theirs = sum(many.seconds)
    detail = f"{many.wall:.1f} s, submissions {theirs:.1f} s in {jobs} jobs"
    return [
        {
            "what": f"{MANY} small submissions: wall time over (sum of their seconds / jobs)",
            "measured": many.wall / (theirs / jobs),
            "at_most": 1.2,
            "detail": f"{detail}; the instructor's own run for comparison included",
        },
        {
            "what": "the grader's own work, for each submission",
            "measured": (many.wall * jobs - theirs) / MANY,
            "unit": "s",
            "at_most": 1,
            "detail": f"{detail}; all that is not a submission's notebooks, the start included",
        },
        {
            "what": f"peak memory of the grader, {MANY} submissions over {FEW}",
            "measured": many.peak / few.peak,
            "at_most": 1.15,
            "detail": f"grader and its workers, {many.peak:.0f} MB against {few.peak:.0f} MB",
        },
    ]


def graded_class(size: int, jobs: int) -> Grading:
    """Hand out, hand in solved and grade a class of `size` in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="cxr-bench-grade-") as place:
        folder = Path(place)
        students = tuple(f"student{number:03}" for number in range(size))
        rubric = write_class(folder, students)
        for student in students:
            hand_in(folder / "in", student, solved(rubric, student))
        words = ["-m", "tests.benchmarks.grade_small_class", str(folder), str(jobs)]
        grader = subprocess.Popen(
            [sys.executable, *words],
            cwd=PROJECT,
            env=os.environ | {"CXR_OUTPUTS": str(folder / "outputs")},
            stdout=subprocess.PIPE,
            text=True,
        )
        peak = watch(grader)
        assert grader.stdout
        said = json.loads(grader.stdout.read().splitlines()[-1])
    if said["problems"]:
        raise RuntimeError(f"{len(said['problems'])} were not passed: {said['problems'][0]}")
    return Grading(said["wall"], said["seconds"], peak)


def watch(grader: subprocess.Popen) -> float:
    """Highest resident memory of a grader and its workers, without the kernels, until it ends."""
    peak = 0
    while grader.poll() is None:
        peak = max(peak, resident(grader.pid))
        time.sleep(SECONDS_BETWEEN_LOOKS)
    return peak / 2**20


def resident(pid: int) -> int:
    """Bytes of one process and of its direct children that are Python's spawned workers."""
    try:
        process = psutil.Process(pid)
        workers = [one for one in process.children() if "spawn_main" in " ".join(one.cmdline())]
        return sum(one.memory_info().rss for one in (process, *workers))
    except psutil.Error:  # one of them has just ended
        return 0


if __name__ == "__main__":
    for row in run():
        print(row)
