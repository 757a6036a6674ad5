"""Grades a class of small submissions and prints what it took: run by bench_grade in a process."""

import json
import sys
import time
from pathlib import Path

from helpers.suite.grading.batch import grade_class


def main(folder: Path, jobs: int) -> None:
    """Grade `folder/in` with `jobs` workers; print wall seconds and those of each submission."""
    seconds, problems = [], []

    def note(graded) -> None:
        if graded.short.get("status") != "passed":
            problems.append(f"{graded.student}: {graded.status} {graded.short}")
        seconds.append(graded.short.get("seconds", 0.0))

    begin = time.perf_counter()
    rubric = folder / "class" / "instructor" / "rubric.yml"
    grade_class(folder / "in", rubric, folder / "out", jobs=jobs, report=note)
    wall = time.perf_counter() - begin
    print(json.dumps({"wall": wall, "seconds": seconds, "problems": problems}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
