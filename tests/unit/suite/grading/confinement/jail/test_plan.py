"""A plan is the same after the file through which the jail learns it."""

from pathlib import Path

from helpers.suite.grading.confinement.jail.plan import Plan


def test_a_plan_survives_its_file(tmp_path: Path) -> None:
    plan = Plan(
        command=("python", "-c", "1"),
        folder="/desk",
        environment={"HOME": "/desk"},
        user=60_600,
        namespaces=("mount", "pid"),
        landlock=6,
        readable=("/usr",),
        writable=("/desk",),
        ports=(40_000,),
        resources={"CORE": 0},
        report="/room/report",
        room="/room",
    )
    plan.write(tmp_path / "plan.json")
    assert Plan.read(tmp_path / "plan.json") == plan
