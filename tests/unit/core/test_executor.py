"""One executor for everything: local processes or a Dask cluster; no worker's death stops a batch.

Items are expressions for `eval` and commands for the standard library, which every worker has.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from helpers.core import cluster
from helpers.core.errors import SuiteError, UsageError
from helpers.core.executor import (
    as_finished,
    in_chunks,
    in_order,
    open_executor,
    where_to_run,
)
from helpers.core.machine import cores
from helpers.core.processes import LocalProcesses
from tests.dask_cluster import free_port, started, wait_for_workers

PROCESS = "__import__('os').getpid()"


def test_without_a_word_there_is_a_process_for_each_core(monkeypatch):
    monkeypatch.delenv("CXR_EXECUTOR", raising=False)
    with open_executor() as executor:
        assert isinstance(executor, LocalProcesses) and executor.workers == cores() >= 1


def test_short_work_stays_in_this_process_unless_a_place_is_named(monkeypatch):
    monkeypatch.delenv("CXR_EXECUTOR", raising=False)
    for where, here in ((None, True), (1, False)):
        with open_executor(where, short=True) as executor:
            [done] = as_finished(executor, eval, [PROCESS])
            assert (done.result() == os.getpid()) is here


def test_the_variable_is_asked_when_nothing_is_said(monkeypatch):
    monkeypatch.setenv("CXR_EXECUTOR", "dask://lab:8786")
    assert where_to_run() == "dask://lab:8786"
    assert where_to_run(3) == where_to_run("3") == 3


@pytest.mark.parametrize("where", ["0", "-1", "many", "dask://lab", "dask://lab:1/x", "http://a:1"])
def test_what_is_no_executor_is_one_sentence(where):
    with pytest.raises(UsageError, match=r"is no executor: .* dask://10\.0\.0\.5:8786"):
        where_to_run(where)


@pytest.fixture(scope="module")
def local():
    with open_executor(2) as executor:
        yield executor


def test_work_is_done_in_other_processes_that_stay(local):
    found = {done.result() for done in as_finished(local, eval, [PROCESS] * 20)}
    assert os.getpid() not in found and 1 <= len(found) <= 2


def test_results_come_as_they_finish(local):
    waits = [0.6, 0.0]
    assert [done.item for done in as_finished(local, time.sleep, waits)] == [0.0, 0.6]


def test_results_can_be_had_in_the_order_of_the_items(local):
    waits = [0.3, 0.0, 0.1]
    assert [done.item for done in in_order(local, time.sleep, waits)] == waits


def test_chunks_hold_all_items_in_order():
    assert list(in_chunks(range(5), 2)) == [[0, 1], [2, 3], [4]]


def test_an_error_stays_with_its_item(local):
    done = {found.item: found for found in as_finished(local, eval, ["1/0", "1+1"])}
    assert done["1+1"].result() == 2
    with pytest.raises(ZeroDivisionError):
        done["1/0"].result()
    assert "In the worker process" in done["1/0"].error.__notes__[0]


@pytest.mark.parametrize(
    ("death", "reason"),
    [
        ("__import__('os')._exit(3)", r"exit code 3"),
        ("__import__('sys').exit(0)", r"exit code 0"),
        ("__import__('os').kill(__import__('os').getpid(), 9)", r"SIGKILL \(often .* memory"),
    ],
)
def test_a_worker_that_dies_costs_its_item_alone(local, death, reason):
    items = ["1", "2", death, "3", "4", "5", "6"]
    done = {found.item: found for found in as_finished(local, eval, items)}
    assert isinstance(done[death].error, SuiteError)
    assert re.search(reason, str(done[death].error))
    assert [done[item].result() for item in "123456"] == [1, 2, 3, 4, 5, 6]


def test_what_cannot_travel_is_an_error_and_not_a_stop(local):
    items = [lambda: 1, "len"]
    found = list(as_finished(local, type, items))
    assert {done.error is None for done in found} == {True, False}
    unpicklable = next(as_finished(local, eval, ["open('/dev/null')"]))
    assert "pickle" in str(unpicklable.error)


@pytest.mark.parametrize("results_of", [as_finished, in_order])
def test_items_are_read_only_a_few_ahead(local, results_of):
    read = []

    def items() -> Iterator[str]:
        for number in range(1000):
            read.append(number)
            yield str(number)

    results = results_of(local, int, items(), in_flight=5)
    for _ in range(10):
        next(results)
    results.close()
    assert len(read) <= 10 + 6


def test_leaving_by_an_error_ends_what_is_under_way():
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt), open_executor(2) as executor:
        for _ in as_finished(executor, time.sleep, [0, 60, 60, 60]):
            raise KeyboardInterrupt
    assert time.monotonic() - begin < 30
    assert not workers_of(os.getpid(), older_than=begin)


TIDY = """
import pathlib, time
try:
    pathlib.Path({begun!r}).touch()
    time.sleep(60)
finally:
    pathlib.Path({ended!r}).touch()
"""


def test_work_that_is_ended_may_still_tidy_up(tmp_path):
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    with pytest.raises(KeyboardInterrupt), open_executor(1) as executor:
        executor.submit(exec, TIDY.format(begun=str(begun), ended=str(ended)))
        while not begun.exists():
            time.sleep(0.05)
        raise KeyboardInterrupt
    assert ended.exists()


PARENT = """
import sys, time
from helpers.core.executor import as_finished, open_executor
if __name__ == "__main__":
    with open_executor(2) as executor:
        for done in as_finished(executor, eval, ["__import__('os').getpid()"] + ["exec('while 1: pass')"] * 2):
            print(done.result(), flush=True)
"""  # noqa: E501


def test_workers_leave_when_their_parent_is_killed(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE)
    assert parent.stdout
    parent.stdout.readline()
    workers = workers_of(parent.pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert workers and not alive


def workers_of(process: int, older_than: float = 0) -> list[psutil.Process]:
    """The worker processes of one process (started after a moment of the monotonic clock)."""
    begun = time.time() - (time.monotonic() - older_than) if older_than else 0
    return [
        child
        for child in psutil.Process(process).children()
        if child.create_time() >= begun and "spawn_main" in " ".join(child.cmdline())
    ]


def test_a_worker_killed_half_way_costs_a_cluster_nothing(tmp_path):
    with started(tmp_path, workers=2) as running, open_executor(running.address) as executor:
        # Results that lie on the dead worker are lost too, and made again.
        work = [f"[{n}, {PROCESS}, __import__('time').sleep(0.05)][:2]" for n in range(60)]
        found, processes = set(), set()
        for done in as_finished(executor, eval, work):
            number, process = done.result()
            found.add(number)
            processes.add(process)
            if len(found) == 20:
                os.kill(running.workers[0].pid, signal.SIGKILL)
    assert found == set(range(60))
    assert processes == {worker.pid for worker in running.workers}


def test_work_that_kills_every_worker_is_one_sentence(tmp_path):
    deadly = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with started(tmp_path, 2, **deadly) as running, open_executor(running.address) as executor:
        items = ["__import__('os')._exit(1)"]
        [done] = as_finished(executor, eval, items)
    assert isinstance(done.error, SuiteError) and "workers of the cluster" in str(done.error)


def test_a_cluster_without_workers_says_how_to_start_some(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 5)
    with (
        started(tmp_path, workers=0) as running,
        pytest.raises(SuiteError, match=r"has no worker: start some with `dask worker tcp://"),
        open_executor(running.address),
    ):
        pass


def test_workers_without_the_suite_are_told_from_others(tmp_path):
    (tmp_path / "helpers.py").write_text("")  # stands before the real package
    with (
        started(tmp_path, workers=1, PYTHONPATH=str(tmp_path)) as running,
        pytest.raises(SuiteError, match=r"do not have the suite"),
        open_executor(running.address),
    ):
        pass


def test_a_folder_that_the_workers_do_not_see_is_refused_before_any_work(tmp_path):
    # As on another machine: the second worker sees all but the fresh file.
    elsewhere = "from pathlib import Path; was = Path.exists\n"
    elsewhere += "Path.exists = lambda self: '.seen-' not in str(self) and was(self)\n"
    other = tmp_path / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text(elsewhere)
    with started(tmp_path, workers=1) as running:
        with open_executor(running.address, shared=tmp_path / "desk"):
            assert list((tmp_path / "desk").iterdir()) == []
        running.workers.append(running.worker(1, PYTHONPATH=str(other)))
        wait_for_workers(running, 2)
        with (
            pytest.raises(SuiteError, match=r"^1 of 2 workers .* do not see .*desk: put it where"),
            open_executor(running.address, shared=tmp_path / "desk"),
        ):
            pass


def test_an_address_that_does_not_answer_is_one_sentence(monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 1)
    with (
        pytest.raises(SuiteError, match=r"No Dask scheduler answers at dask://127\.0\.0\.1:"),
        open_executor(f"dask://127.0.0.1:{free_port()}"),
    ):
        pass
