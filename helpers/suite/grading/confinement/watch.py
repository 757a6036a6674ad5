"""Watches a submission while it runs and ends it when it uses more than it may."""

import contextlib
import os
import subprocess
import threading
import time
from typing import Self

import psutil

from helpers.suite.grading.confinement.confine import Room
from helpers.suite.grading.confinement.desk import Desk
from helpers.suite.grading.confinement.limits import Limits
from helpers.suite.grading.confinement.measure import resident, tree, unlinked, written
from helpers.suite.grading.confinement.outcome import Status
from helpers.suite.grading.confinement.reports import Reports

_LOOK_SECONDS = 0.15
_DISK_SECONDS = 0.5
# Looking at the disk takes at most this part of the time, however many files there are.
_DISK_SHARE = 0.1
_END_SECONDS = 10.0
_TWICE = 2


class Watch:
    """A thread that looks at one submission's processes and files a few times a second.

    verdict: why the submission was ended, None while it keeps within its limits;
    peak_bytes: the highest resident memory seen.
    """

    def __init__(self, desk: Desk, limits: Limits, reports: Reports):
        self.verdict: Status | None = None
        self.peak_bytes = 0
        self._desk, self._limits, self._reports = desk, limits, reports
        self._deadline = time.monotonic() + limits.total_seconds
        self._next_disk = 0.0
        self._warden: subprocess.Popen | None = None
        self._room: Room | None = None
        self._begun, self._silent = False, 0
        self._failure: Exception | None = None
        self._known: dict[int, psutil.Process] = {}
        self._busy, self._leave = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._look_until_left, daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End what still runs, and stop looking; an error of the watch's own comes out here."""
        self._leave.set()
        self._thread.join()
        self.let_go()
        if self._failure:
            raise self._failure

    def follow(self, warden: subprocess.Popen, room: Room) -> None:
        """Watch all processes below `warden`, whose kernel talks and reports through `room`."""
        with self._busy:
            self._warden, self._room = warden, room
            self._begun, self._silent = False, 0

    def let_go(self) -> None:
        """End what is left of the processes followed, and read the report to its end."""
        with self._busy:
            if self._warden:
                end(self._warden)
                self._sweep()
                self._read_report(running=False)
            self._warden = self._room = None
            self._known.clear()

    def stop(self, verdict: Status) -> None:
        """End the submission for good, because of `verdict`."""
        if self.verdict is None:
            self.verdict = verdict
        if self._warden and self._warden.poll() is None:
            self._warden.terminate()

    def over(self) -> bool:
        """Whether no further notebook of this submission may start."""
        lasting = (Status.TOTAL_TIMEOUT, Status.TOO_MUCH_WRITTEN)
        return self.verdict in lasting or time.monotonic() > self._deadline

    def next_notebook(self) -> None:
        """Forget what ended the last notebook: the next one has a kernel of its own."""
        self.verdict = None

    def _look_until_left(self) -> None:
        while not self._leave.wait(_LOOK_SECONDS):
            with self._busy:
                if self._warden:
                    self._look_once()

    def _look_once(self) -> None:
        """Look; what the watch cannot judge does not run on unwatched."""
        try:
            self._look()
        except psutil.Error:  # a process that ended meanwhile
            return
        except Exception as error:
            self._failure = error
            self.stop(Status.KERNEL_KILLED)

    def _look(self) -> None:
        processes = tree(self._warden.pid)[1:]  # the warden itself is ours
        self._known |= {process.pid: process for process in processes}
        self._read_report(running=len(processes) > 1)
        verdict = self._judge(processes)
        if verdict:
            self.stop(verdict)

    def _judge(self, processes: list[psutil.Process]) -> Status | None:
        limits = self._limits
        # One more than allowed: the nurse, which is part of the jail. Of a fork bomb nothing else
        # is asked, since that would take seconds.
        if len(processes) > limits.processes + 1:
            return Status.TOO_MANY_PROCESSES
        memory = resident(processes, limits.memory_bytes)
        self.peak_bytes = max(self.peak_bytes, memory)
        if time.monotonic() > self._deadline:
            return Status.TOTAL_TIMEOUT
        if memory > limits.memory_bytes:
            return Status.OUT_OF_MEMORY
        return Status.TOO_MUCH_WRITTEN if self._wrote_too_much(processes) else None

    def _wrote_too_much(self, processes: list[psutil.Process]) -> bool:
        started = time.monotonic()
        if started < self._next_disk:
            return False
        limits = self._limits
        found = written((*self._desk.writable(), self._room.ipc), limits.files)
        size = found.size + unlinked(processes)
        took = time.monotonic() - started
        self._next_disk = started + max(_DISK_SECONDS, took / _DISK_SHARE)
        return found.hidden or found.files > limits.files or size > limits.written_bytes

    def _read_report(self, *, running: bool) -> None:
        """Take in what the kernel reported; note when it has closed the pipe and goes on."""
        try:
            data = os.read(self._room.report, 2**16)
        except BlockingIOError:  # open, and nothing new
            self._silent = 0
            return
        self._reports.add(data)
        # Empty before the kernel has begun, and for a moment after it has ended.
        self._silent = self._silent + 1 if running and not data and self._begun else 0
        self._begun = self._begun or bool(data)
        if self._silent == _TWICE:
            self._reports.flag("closed the pipe on which its attempts are reported")

    def _sweep(self) -> None:
        """Kill whatever was ever seen below the warden and still runs.

        Only where the warden itself was killed and there is no pid namespace is anything left.
        """
        for process in self._known.values():
            with contextlib.suppress(psutil.Error):
                if process.is_running():
                    process.kill()


def end(warden: subprocess.Popen) -> None:
    """Have the warden end the whole submission and wait for that; kill it if it does not."""
    if warden.poll() is not None:
        return
    warden.terminate()
    try:
        warden.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        warden.kill()
        warden.wait()
