"""`cxr bench` finds its modules, measures them apart from the user's runs, and keeps the result."""

import json
from pathlib import Path

import pytest

from helpers.core.errors import UsageError
from helpers.suite import benchmarks
from helpers.suite.benchmarks import Measurement


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one benchmark that reports where it was told to write."""
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    path = folder / "bench_folder.py"
    path.write_text(
        "import os\n"
        "def run():\n"
        "    detail = os.environ['CXR_OUTPUTS']\n"
        "    return [{'what': 'a ratio', 'measured': 3.0, 'at_least': 2.0, 'detail': detail}]\n"
    )
    monkeypatch.setattr(benchmarks, "FOLDER", folder)
    return path


def test_a_benchmark_writes_to_a_folder_of_its_own(module: Path, outputs: Path) -> None:
    (row,) = benchmarks.run_benchmark(module)
    assert (row.benchmark, row.measured, row.reached) == ("folder", 3.0, True)
    assert row.detail != str(outputs)
    assert not Path(row.detail).exists()


def test_an_aim_that_was_missed_shows() -> None:
    assert not Measurement("ingest", "speed", 1.2, at_least=1.5).reached
    assert not Measurement("memory", "growth", 1.4, at_most=1.1).reached
    assert Measurement("memory", "growth", 1.4, "GB").reached
    assert Measurement("ingest", "speed", 1.2, at_least=1.5).aim == "at least 1.5 x"


def test_an_unknown_benchmark_names_the_known_ones(module: Path) -> None:
    assert benchmarks.find_benchmarks([]) == [module]
    with pytest.raises(UsageError, match="did you mean 'folder'"):
        benchmarks.find_benchmarks(["folders"])


def test_what_was_measured_is_kept_with_the_machine_and_versions(module, outputs: Path) -> None:
    from helpers.suite.commands.bench import bench

    bench([])
    kept = json.loads((outputs / "benchmarks.json").read_text())
    assert kept["measurements"][0]["reached"] is True
    assert kept["machine"]["cores"] >= 1
    assert kept["versions"]["numpy"]


def test_measuring_one_again_keeps_what_the_others_gave(module: Path, outputs: Path) -> None:
    from helpers.suite.commands.bench import bench

    other = module.with_name("bench_other.py")
    other.write_text(module.read_text().replace("3.0", "1.0"))
    bench([])
    module.write_text(module.read_text().replace("3.0", "4.0"))
    bench(["folder"])
    kept = json.loads((outputs / "benchmarks.json").read_text())["measurements"]
    assert {row["benchmark"]: row["measured"] for row in kept} == {"folder": 4.0, "other": 1.0}
