"""A class graded on a Dask cluster: a worker killed half-way costs no student anything."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from helpers.suite.grading.batch import Graded, grade_class
from tests.dask_cluster import started
from tests.unit.suite.grading.small_class import hand_in, solved, write_class

STUDENTS = ("ann", "bob", "cid", "dan", "eve")


@pytest.mark.prove
def test_a_worker_killed_half_way_costs_no_student_anything(tmp_path: Path) -> None:
    rubric = write_class(tmp_path, STUDENTS)
    for student in STUDENTS:
        hand_in(tmp_path / "in", student, solved(rubric, student))
    graded: dict[str, Graded] = {}
    orphans: list[psutil.Process] = []

    with started(tmp_path, workers=2) as cluster:

        def report(one: Graded) -> None:
            if not graded:  # the worker of this one rests, the other is in the midst of its work
                children = {
                    worker.pid: psutil.Process(worker.pid).children(recursive=True)
                    for worker in cluster.workers
                }
                victim = max(children, key=lambda pid: len(children[pid]))
                orphans.extend(children[victim])
                os.kill(victim, signal.SIGKILL)
            graded[one.student] = one

        grade_class(tmp_path / "in", rubric, tmp_path / "out", jobs=cluster.address, report=report)
    marks = {name: (one.short["status"], one.short["score"]) for name, one in graded.items()}
    assert marks == dict.fromkeys(STUDENTS, ("passed", 10.0))
    _, alive = psutil.wait_procs(orphans, timeout=20)
    assert orphans and not alive, "a submission outlived the worker that ran it"
