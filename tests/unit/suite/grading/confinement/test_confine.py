"""A submission reaches its own desk and nothing else, whatever walls there are; as root or not."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.suite.grading.confinement.execute import execute_submission
from helpers.suite.grading.confinement.jail import landlock
from helpers.suite.grading.confinement.jail.plan import NAMESPACES
from helpers.suite.grading.confinement.outcome import Execution, Status
from helpers.suite.grading.confinement.walls import Walls, find_walls, visible_paths
from tests.submissions.hostile import (
    LEFT_BEHIND,
    NO_CREDENTIALS,
    TIGHT,
    Outside,
    files_outside,
    kill_all,
    network_outside,
    processes_outside,
    write,
)

PROJECT = Path(__file__).resolve().parents[5]
NOBODY = 65534
ROOT = os.geteuid() == 0
LEVEL = landlock.version()

# What is tried, and the walls behind which it must fail. `None` is all that this machine has.
EVERY = {
    "all walls": None,
    "namespaces alone": Walls(namespaces=NAMESPACES),
    "Landlock alone": Walls(landlock=LEVEL),
}
needs_landlock = pytest.mark.skipif(LEVEL < 6, reason="this kernel has no Landlock 6")
needs_all = pytest.mark.skipif(
    find_walls().namespaces != NAMESPACES, reason="no namespaces may be made here"
)
CHOICES = [
    pytest.param("all walls"),
    pytest.param("namespaces alone", marks=needs_all),
    pytest.param("Landlock alone", marks=needs_landlock),
]
CALLERS = [
    pytest.param("root", marks=pytest.mark.skipif(not ROOT, reason="not root")),
    "nobody",
]


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """Files that anybody may read or write, a live process, a listening server."""
    names = ("hidden/test_01_ingest.py", "out/gradebook.csv", "others/ben/01_ingest.ipynb")
    places = [tmp_path / name for name in names]
    for place in places:
        place.parent.mkdir(parents=True)
        place.write_text("hidden")
        place.chmod(0o666)
        place.parent.chmod(0o777)
    monkeypatch.setenv("CXR_TEST_KEY", "a-credential")
    sleeper = subprocess.Popen(["sleep", "300"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        scratch = tmp_path / "out" / "left"
        yield Outside(*places, "CXR_TEST_KEY", sleeper.pid, os.getpid(), port, scratch)
    assert sleeper.poll() is None, "a process outside was ended"
    sleeper.kill()
    sleeper.wait()


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("walls", CHOICES)
def test_what_lies_outside_is_out_of_reach(
    walls: str, caller: str, outside: Outside, tmp_path: Path
) -> None:
    attempts = files_outside(outside) | processes_outside(outside) | network_outside(outside)
    if walls == "Landlock alone":  # it closes TCP only, and `isolation` says so
        del attempts["ask for a name"]
    attempts |= {"find a credential": NO_CREDENTIALS, "kill everything": kill_all(outside)}
    execution = _grade(caller, tmp_path, EVERY[walls], outside, *attempts.values())
    _all_refused(attempts, execution, but="kill everything")
    assert outside.gradebook.read_text() == "hidden"
    assert not outside.scratch.exists()
    assert not [line for line in _command_lines() if "63.25" in line]


@pytest.mark.parametrize("caller", CALLERS)
def test_without_any_wall_limits_and_a_clean_environment_remain(
    caller: str, outside: Outside, tmp_path: Path
) -> None:
    execution = _grade(caller, tmp_path, Walls(), outside, NO_CREDENTIALS, LEFT_BEHIND)
    assert execution.status is Status.PASSED, execution.reason
    assert not [line for line in _command_lines() if "63.25" in line]


@pytest.mark.skipif(not ROOT, reason="only root can give a submission a user of its own")
def test_a_user_of_its_own_keeps_off_what_is_not_for_everybody(
    outside: Outside, tmp_path: Path
) -> None:
    walls = Walls(other_user=True)
    if not _readable_by_others(Path(sys.executable)):
        walls = Walls(other_user=True, namespaces=("mount",))
    outside.hidden_test.parent.chmod(0o700)
    outside.gradebook.parent.chmod(0o700)
    attempts = files_outside(outside) | processes_outside(outside)
    del attempts["read another submission"]
    if "mount" not in walls.namespaces:
        del attempts["read them through /proc"]
    _all_refused(attempts, _grade("root", tmp_path, walls, outside, *attempts.values()))


def test_attempts_are_flagged(outside: Outside, tmp_path: Path) -> None:
    execution = _grade(
        "root" if ROOT else "nobody",
        tmp_path,
        None,
        outside,
        f"try: open({str(outside.hidden_test)!r})\nexcept OSError: pass",
        "try: open('../../hidden/test_01_ingest.py')\nexcept OSError: pass",
        f"import os; os.system('cat {outside.gradebook}')",
        "import socket\ntry: socket.create_connection(('192.0.2.7', 80), 1)\nexcept OSError: pass",
        "open('mine.txt', 'w').write('x'); open('/etc/hostname'); import sklearn",
    )
    flags = "\n".join(execution.flags)
    assert f"tried to reach '{outside.hidden_test}'" in flags
    assert "/hidden/test_01_ingest.py'" in flags
    assert f"ran a command on 'cat {outside.gradebook}'" in flags
    assert "tried to reach the network at '192.0.2.7'" in flags
    assert len(execution.flags) == 4
    assert all(flag.startswith("01_ingest ") for flag in execution.flags)


def test_closing_the_report_is_flagged_too(outside: Outside, tmp_path: Path) -> None:
    code = "import os, time; time.sleep(0.5); os.close(3); time.sleep(1)"
    execution = _grade("root" if ROOT else "nobody", tmp_path, None, outside, code)
    assert execution.flags == ("01_ingest closed the pipe on which its attempts are reported.",)


def test_an_honest_notebook_has_no_flag(outside: Outside, tmp_path: Path) -> None:
    code = "import matplotlib.pyplot as plt, pandas\nplt.plot([1, 2])\nplt.show()"
    code += "\nfrom helpers.data import local_s3\nlocal_s3.start()"
    execution = _grade("root" if ROOT else "nobody", tmp_path, None, outside, code)
    assert (execution.status, execution.flags) == (Status.PASSED, ())


STORE = """
from helpers.data import local_s3, storage
local_s3.start()
client = storage.client()
client.create_bucket(Bucket='films')
client.put_object(Bucket='films', Key='a', Body=b'film')
assert client.get_object(Bucket='films', Key='a')['Body'].read() == b'film'
"""


@pytest.mark.parametrize("walls", [*CHOICES, "none"])
def test_its_own_store_works_behind_all_walls(walls: str, outside: Outside, tmp_path: Path) -> None:
    caller = "root" if ROOT else "nobody"
    execution = _grade(caller, tmp_path, EVERY.get(walls, Walls()), outside, STORE)
    assert execution.status is Status.PASSED, execution.reason


def _all_refused(attempts: dict[str, str], execution: Execution, but: str = "") -> None:
    """Every attempt ran to its end, which it does only when it was refused."""
    runs = {cell.id: cell for cell in execution.notebooks[0].cells}
    results = {
        name: (runs[f"01-{number:02}"].status, runs[f"01-{number:02}"].error_text)
        for number, name in enumerate(attempts)
        if name != but
    }
    assert {name: found for name, found in results.items() if found[0] is not Status.PASSED} == {}


def _grade(
    caller: str, folder: Path, walls: Walls | None, outside: Outside, *codes: str
) -> Execution:
    """Run `codes` as one notebook, the grader being root or an ordinary user."""
    work = folder / "work"
    path = write(work / "01_ingest.ipynb", *codes)
    protected = [outside.hidden_test.parent, outside.gradebook, outside.other_submission]
    if caller == "root" or not ROOT:
        return execute_submission([path], work / "desk", TIGHT, {"seed": 1}, protected, walls=walls)
    return _as_nobody(work, walls, protected)


# Root may keep its Python where nobody else can go (/root): shown at its place, anybody can.
BECOME_NOBODY = f"""
import json, os, sys
sys.path.insert(0, sys.argv[1])
from helpers.suite.grading.confinement.jail import newroot
newroot.enter(*json.loads(sys.argv[2]))
os.setgroups([])
os.setresgid({NOBODY}, {NOBODY}, {NOBODY})
os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
os.execv(sys.argv[3], sys.argv[3:])
"""


def _as_nobody(work: Path, walls: Walls | None, protected: list[Path]) -> Execution:
    """The same in a process of an ordinary user, for whom this Python is made reachable."""
    os.chown(work, NOBODY, NOBODY)
    for path in work.iterdir():
        os.chown(path, NOBODY, NOBODY)
    for folder in (work.parent, work.parent.parent, work.parent.parent.parent):
        folder.chmod(0o755)
    code = (
        "import json, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from helpers.suite.grading.confinement.execute import execute_submission\n"
        "from helpers.suite.grading.confinement.walls import Walls\n"
        "from tests.submissions.hostile import TIGHT\n"
        "work, chosen, protected = map(json.loads, sys.argv[2:])\n"
        "walls = Walls(chosen[0], tuple(chosen[1]), chosen[2]) if chosen else None\n"
        "work = Path(work); paths = [work / '01_ingest.ipynb']\n"
        "done = execute_submission(paths, work / 'desk', TIGHT, {'seed': 1},\n"
        "    [Path(path) for path in protected], walls=walls)\n"
        "(work / 'execution.json').write_text(json.dumps(done.to_dict()))\n"
    )
    chosen = [walls.other_user, walls.namespaces, walls.landlock] if walls else None
    words = [json.dumps(value) for value in (str(work), chosen, [str(path) for path in protected])]
    environment = {"PATH": os.environ["PATH"], "HOME": str(work), "TMPDIR": str(work)}
    environment["CXR_TEST_KEY"] = "a-credential"
    shown = json.dumps([[*visible_paths(), str(PROJECT / "tests")], [str(work.parent)]])
    command = [sys.executable, "-c", BECOME_NOBODY, str(PROJECT), shown, sys.executable, "-c", code]
    command += [str(PROJECT), *words]
    done = subprocess.run(command, cwd=PROJECT, env=environment, timeout=120, check=False)
    assert done.returncode == 0
    return Execution.from_dict(json.loads((work / "execution.json").read_text()))


def _readable_by_others(path: Path) -> bool:
    places = (path.resolve(), *path.resolve().parents, *path.absolute().parents)
    return all(place.stat().st_mode & 0o001 for place in places)


def _command_lines() -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(place.read_text())
        except OSError:
            continue
    return found
