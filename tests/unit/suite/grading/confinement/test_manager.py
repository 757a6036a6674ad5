"""A kernel that cannot be confined is not started, and the grader says why."""

import asyncio
from pathlib import Path

import pytest

from helpers.core.errors import SuiteError
from helpers.suite.grading.confinement.confine import Confinement
from helpers.suite.grading.confinement.desk import Desk
from helpers.suite.grading.confinement.limits import Limits
from helpers.suite.grading.confinement.manager import ConfinedKernelManager
from helpers.suite.grading.confinement.reports import Reports
from helpers.suite.grading.confinement.walls import Walls
from helpers.suite.grading.confinement.watch import Watch


def test_a_wall_that_does_not_hold_is_the_grader_s_error(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk")  # never prepared: there is no home to start in
    confinement = Confinement(Walls(), None, desk, Limits())
    room = confinement.room("01_ingest")
    with Watch(desk, Limits(), Reports([])) as watch:
        asyncio.run(_start(ConfinedKernelManager(confinement, room, watch)))
    room.remove()


async def _start(manager: ConfinedKernelManager) -> None:
    await manager.start_kernel()
    manager.warden.wait(20)
    with pytest.raises(SuiteError, match=r"was not started, a wall did not hold: .*home"):
        manager.exit_code()
    await manager.shutdown_kernel(now=True)
