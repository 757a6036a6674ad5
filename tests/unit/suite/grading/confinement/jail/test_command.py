"""The command starts with nothing it does not need: rights, descriptors, environment, resources."""

import json
import os
from pathlib import Path

import pytest

from tests.jail import jailed

ROOT = os.geteuid() == 0
SELF = "import json\nstate = dict(l.split(':', 1) for l in open('/proc/self/status'))\n"


def test_it_has_no_capability_and_gets_none_back(tmp_path: Path) -> None:
    code = (
        SELF + "say(state['CapEff'].strip(), state['CapPrm'].strip(), state['NoNewPrivs'].strip())"
    )
    assert jailed(tmp_path / "desk", code).words == f"{'0' * 16} {'0' * 16} 1\n"


def test_its_environment_is_the_plan_s(tmp_path: Path) -> None:
    said = jailed(tmp_path / "desk", "import os\nsay(dict(os.environ))", environment={"A": "1"})
    assert said.words.strip().startswith("{'A': '1'")
    assert "PATH" not in said.words


def test_it_inherits_no_descriptor(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        code = (
            "import os\nfor number in os.listdir('/proc/self/fd'):\n"
            "    try: say(os.readlink(f'/proc/self/fd/{number}'))\n    except OSError: pass"
        )
        words = jailed(tmp_path / "desk", code).words
    assert "secret" not in words
    assert words.count("/dev/null") == 3


def test_resources_are_limited_for_good(tmp_path: Path) -> None:
    code = (
        "import os, resource as r\nsay(r.getrlimit(r.RLIMIT_FSIZE), r.getrlimit(r.RLIMIT_CORE))\n"
        "try: open('big', 'wb', buffering=0).write(b'x') and os.truncate('big', 5000)\n"
        "except OSError as error: say(error.errno)\n"
        "try: r.setrlimit(r.RLIMIT_FSIZE, (-1, -1))\nexcept ValueError: say('refused')"
    )
    said = jailed(tmp_path / "desk", code, resources={"FSIZE": 4096, "CORE": 0})
    assert said.words == "(4096, 4096) (0, 0)\n27\nrefused\n"


def test_linux_would_end_it_first_when_memory_runs_out(tmp_path: Path) -> None:
    assert (
        jailed(tmp_path / "desk", "say(open('/proc/self/oom_score_adj').read())").words
        == "1000\n\n"
    )


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_it_is_the_plan_s_user_with_no_other_group(tmp_path: Path) -> None:
    desk = tmp_path / "desk"
    desk.mkdir()
    os.chown(desk, 60_900, 60_900)
    code = "import os\nsay(os.getresuid(), os.getresgid(), os.getgroups())"
    said = jailed(desk, code, user=60_900, namespaces=("mount",))
    assert json.loads(f"[{said.words.replace('(', '[').replace(')', ']').replace('] [', '],[')}]")
    assert set(said.words.split()) <= {"(60900,", "60900,", "60900)", "[]"}
