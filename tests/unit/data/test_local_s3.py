"""The embedded store: one real server for an outputs folder, found again and stopped cleanly."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import boto3
import psutil
import pytest

from helpers.core.errors import SuiteError
from helpers.data import local_s3

START = "from helpers.data import local_s3; print(local_s3.start().pid)"


def start_elsewhere(outputs: Path, code: str = START) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | {"CXR_OUTPUTS": str(outputs)},
        stdout=subprocess.PIPE,
        text=True,
    )


def listed_buckets(store: local_s3.LocalStore) -> list[str]:
    s3 = boto3.client(
        "s3",
        endpoint_url=store.endpoint,
        aws_access_key_id=store.access_key,
        aws_secret_access_key=store.secret_key,
        region_name=local_s3.REGION,
    )
    return [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_it_starts_answers_and_stops(outputs: Path) -> None:
    store = local_s3.start()
    assert listed_buckets(store) == []
    assert local_s3.stop()
    assert not psutil.pid_exists(store.pid)
    assert local_s3.find() is None
    assert not local_s3.stop()


def test_a_second_start_finds_the_first(outputs: Path) -> None:
    assert local_s3.start() == local_s3.start() == local_s3.find()


def test_a_folder_in_the_store_is_a_bucket(outputs: Path) -> None:
    (local_s3.buckets_folder() / "by-hand").mkdir(parents=True)
    assert listed_buckets(local_s3.start()) == ["by-hand"]


def test_only_the_owner_can_read_the_keys(outputs: Path) -> None:
    store = local_s3.start()
    state = outputs / ".store-state" / "state.json"
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.parent.stat().st_mode) == 0o700
    assert store.secret_key in state.read_text()
    assert store.secret_key not in repr(store)
    assert store.secret_key not in " ".join(psutil.Process(store.pid).cmdline())


def test_keys_and_port_outlive_a_restart(outputs: Path) -> None:
    first = local_s3.start()
    local_s3.stop()
    again = local_s3.start()
    assert again.environment() == first.environment()
    assert again.pid != first.pid


def test_another_port_is_taken_when_the_last_one_is_in_use(outputs: Path, tmp_path: Path) -> None:
    first = local_s3.start()
    local_s3.stop()
    state = json.loads((outputs / ".store-state" / "state.json").read_text())
    other = start_elsewhere(tmp_path / "other")
    other.communicate()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CXR_OUTPUTS", str(tmp_path / "other"))
        taken = local_s3.find()
        assert taken
        state["endpoint"] = taken.endpoint
        (outputs / ".store-state" / "state.json").write_text(json.dumps(state))
        patch.setenv("CXR_OUTPUTS", str(outputs))
        assert local_s3.start().endpoint not in (first.endpoint, taken.endpoint)
        patch.setenv("CXR_OUTPUTS", str(tmp_path / "other"))
        assert local_s3.stop()


def test_processes_that_start_at_once_get_one_server(outputs: Path) -> None:
    starters = [start_elsewhere(outputs) for _ in range(5)]
    pids = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert len(pids) == 1
    assert pids == {str(local_s3.start().pid)}


def test_two_checkouts_have_two_servers_that_refuse_each_other(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = local_s3.start()
    monkeypatch.setenv("CXR_OUTPUTS", str(tmp_path / "other"))
    other = local_s3.start()
    try:
        assert mine.endpoint != other.endpoint
        stranger = local_s3.LocalStore(other.endpoint, 0, 0.0, mine.access_key, mine.secret_key)
        with pytest.raises(Exception, match="InvalidAccessKeyId"):
            listed_buckets(stranger)
    finally:
        local_s3.stop()
    monkeypatch.setenv("CXR_OUTPUTS", str(outputs))
    assert local_s3.find() == mine


def test_a_killed_server_is_noticed_and_started_again(outputs: Path) -> None:
    store = local_s3.start()
    os.kill(store.pid, signal.SIGKILL)
    while psutil.pid_exists(store.pid) and (
        psutil.Process(store.pid).status() != psutil.STATUS_ZOMBIE
    ):
        time.sleep(0.01)
    assert local_s3.find() is None
    assert local_s3.start().pid != store.pid


def test_a_pid_given_to_another_process_is_not_ours(outputs: Path) -> None:
    local_s3.start()
    local_s3.stop()
    path = outputs / ".store-state" / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": os.getpid()}))
    assert local_s3.find() is None
    assert not local_s3.stop()


def test_the_server_outlives_a_killed_starter(outputs: Path) -> None:
    starter = start_elsewhere(
        outputs, START + "; import time; print('up', flush=True); time.sleep(99)"
    )
    assert starter.stdout
    pid = int(starter.stdout.readline())
    starter.kill()
    starter.communicate()
    store = local_s3.find()
    assert store and store.pid == pid and listed_buckets(store) == []


def test_a_server_whose_starter_died_before_writing_the_state_is_replaced(outputs: Path) -> None:
    orphan = local_s3.start()
    (outputs / ".store-state" / "state.json").unlink()
    assert local_s3.start().pid != orphan.pid
    assert not psutil.pid_exists(orphan.pid)


def test_a_damaged_state_file_gives_new_keys(outputs: Path) -> None:
    first = local_s3.start()
    (outputs / ".store-state" / "state.json").write_text("{")
    assert local_s3.start().secret_key != first.secret_key


def test_running_stops_only_what_it_started(outputs: Path) -> None:
    with local_s3.running():
        pass
    assert local_s3.find() is None
    with local_s3.running(), local_s3.running() as inner:
        assert inner == local_s3.find()
    ran_before = local_s3.start()
    with local_s3.running():
        pass
    assert local_s3.find() == ran_before


def test_settings_of_the_users_own_rclone_do_not_reach_it(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCLONE_READ_ONLY", "true")
    monkeypatch.setenv("RCLONE_ADDR", "nonsense")
    assert "RCLONE_READ_ONLY" not in psutil.Process(local_s3.start().pid).environ()


def test_a_server_that_does_not_come_up_is_ended_and_says_so(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_s3, "START_SECONDS", 0.0)
    with pytest.raises(SuiteError, match="did not start"):
        local_s3.start()
    commands = (process.info["cmdline"] for process in psutil.process_iter(["cmdline"]))
    assert not [command for command in commands if str(outputs / ".store") in (command or [])]
