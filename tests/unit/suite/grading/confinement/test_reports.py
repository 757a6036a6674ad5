"""Reports become flags: what touched the instructor's things, whatever else a kernel may write."""

import json
from pathlib import Path

import pytest

from helpers.suite.grading.confinement.reports import MOST_FLAGS, Reports


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "test_01_ingest.py").touch()
    (tmp_path / "gradebook.csv").touch()
    made = Reports([tmp_path / "hidden", tmp_path / "gradebook.csv"])
    made.begin("01_ingest")
    return made


def test_a_protected_path_is_flagged(reports: Reports, tmp_path: Path) -> None:
    _add(reports, "path", f"{tmp_path}/hidden/x/y.py")
    _add(reports, "path", f"{tmp_path}/hidden2/y.py")
    _add(reports, "path", f"{tmp_path}/gradebook.csv")
    assert reports.flags() == (
        f"01_ingest tried to reach '{tmp_path}/hidden/x/y.py'.",
        f"01_ingest tried to reach '{tmp_path}/gradebook.csv'.",
    )


def test_a_file_of_that_name_elsewhere_is_flagged(reports: Reports) -> None:
    _add(reports, "path", "/somewhere/hidden/test_01_ingest.py")
    _add(reports, "path", "/somewhere/innocent.csv")
    assert reports.flags() == ("01_ingest tried to reach '/somewhere/hidden/test_01_ingest.py'.",)


def test_commands_that_name_it_and_far_hosts_are_flagged(reports: Reports) -> None:
    _add(reports, "command", "ls /tmp")
    _add(reports, "command", "cat gradebook.csv")
    _add(reports, "host", "example.org")
    assert reports.flags() == (
        "01_ingest ran a command on 'cat gradebook.csv'.",
        "01_ingest tried to reach the network at 'example.org'.",
    )


def test_a_flag_names_its_notebook_and_stands_once(reports: Reports) -> None:
    for notebook in ("01_ingest", "02_visualize"):
        reports.begin(notebook)
        for _ in range(3):
            _add(reports, "host", "example.org")
    assert [flag.split()[0] for flag in reports.flags()] == ["01_ingest", "02_visualize"]


def test_lines_may_arrive_in_pieces(reports: Reports) -> None:
    line = json.dumps(["host", "example.org"]).encode() + b"\n"
    for piece in (line[:7], line[7:]):
        reports.add(piece)
    assert len(reports.flags()) == 1


@pytest.mark.parametrize(
    "data", [b"\n", b"{}\n", b"5\n", b"\xff\xfe\n", b"[1,2,3]\n", b"[" * 99_999 + b"\n"]
)
def test_nonsense_is_passed_over(data: bytes, reports: Reports) -> None:
    reports.add(data)
    assert reports.flags() == ()


def test_neither_many_nor_long_reports_fill_the_grader(reports: Reports) -> None:
    for number in range(1000):
        _add(reports, "host", f"host{number}.example.org")
    assert len(reports.flags()) == MOST_FLAGS
    for _ in range(40):
        reports.add(b"x" * 2**16)
    assert len(reports.flags()) == MOST_FLAGS


def test_a_report_stays_on_one_line(reports: Reports) -> None:
    _add(reports, "host", "a\nb,=cmd()")
    assert reports.flags() == ("01_ingest tried to reach the network at 'a\\nb,=cmd()'.",)


def _add(reports: Reports, kind: str, text: str) -> None:
    reports.add(json.dumps([kind, text]).encode() + b"\n")
