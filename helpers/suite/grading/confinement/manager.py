"""Jupyter's kernel manager, with the kernel in the jail."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from helpers.core.errors import SuiteError
from helpers.suite.grading.confinement.confine import Confinement, Room
from helpers.suite.grading.confinement.jail.plan import NO_WALL
from helpers.suite.grading.confinement.watch import Watch, end

# A kernel can make the grader hold this many messages at once, each of twice a notebook's output.
_WAITING_MESSAGES = 16
_KERNEL = Path(__file__).parent / "jail" / "kernel.py"
_COMMAND = (sys.executable, "-P", str(_KERNEL), "-f", "{connection_file}")
_COMMAND += ("--HistoryManager.enabled=False",)


class ConfinedKernelManager(AsyncKernelManager):
    """Starts one kernel behind the walls of `confinement`; ends it with all it has started."""

    def __init__(self, confinement: Confinement, room: Room, watch: Watch):
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, 2 * confinement.limits.output_bytes)
        context.setsockopt(zmq.RCVHWM, _WAITING_MESSAGES)
        super().__init__(
            context=context,
            connection_file=str(room.connection_file),
            transport="ipc",
            ip=str(room.ipc / "k"),
            kernel_name="python3",
        )
        self._created_context = True  # ours alone, so the manager closes it with the kernel
        self._confinement, self._room, self._watch = confinement, room, watch
        self.warden: subprocess.Popen | None = None

    @property
    def kernel_spec(self) -> KernelSpec:
        """Our own Python: a kernel that the notebook or the machine names is never looked up."""
        return KernelSpec(argv=list(_COMMAND), language="python")

    async def _async_launch_kernel(self, kernel_cmd: list[str], **settings: Any) -> None:
        plan_file = self._room.folder / "plan.json"
        self._confinement.plan(self._room, kernel_cmd).write(plan_file)
        if self._confinement.user is not None:
            os.chown(self._room.connection_file, self._confinement.user, -1)
        settings |= {"env": {}, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        command = self._confinement.walls.command(plan_file)
        await super()._async_launch_kernel(command, **settings)
        self.warden = self.provisioner.process
        self._watch.follow(self.warden, self._room)

    async def _async_kill_kernel(self, restart: bool = False) -> None:
        """Ask the warden to end everything; it is gone when nothing of the submission runs."""
        if self.warden:
            end(self.warden)
        await super()._async_kill_kernel(restart)

    def exit_code(self) -> int | None:
        """The kernel's exit code, negative for a signal; None while it runs.

        Raises SuiteError when it never started because a wall did not hold.
        """
        code = self.warden.poll() if self.warden else None
        if code == NO_WALL and self.warden and self.warden.stderr:
            words = self.warden.stderr.read().decode(errors="replace").strip()
            if words:
                raise SuiteError(f"A submission was not started, a wall did not hold: {words}")
        return code
