"""Who comes first where the run has real-time priority (`chrt -f 10 wavetank run …`): the workers.

They inherit it. A coordinator of the same priority that has work to do, half a millisecond once a second and ten now
and then, would keep a worker off the core that both want until it has done, since the scheduler takes nothing from a
program of real-time priority for the sake of another of the same.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress


class Precedence:
    """Of the workers over the coordinator: from `give`, once they have started, until `take_back`."""

    def __init__(self) -> None:
        self._before: tuple[int, int] | None = None

    def give(self) -> None:
        """Lets this thread go on at normal priority if it had real-time priority. Linux only: elsewhere nothing."""
        if sys.platform != "linux" or self._before is not None:
            return
        policy, priority = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
        if policy & ~os.SCHED_RESET_ON_FORK in (os.SCHED_FIFO, os.SCHED_RR):
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            self._before = policy, priority

    def take_back(self) -> None:
        """Gives the thread its priority back, where that is permitted. Safe to call without `give`, and twice."""
        if sys.platform == "linux" and self._before is not None:
            policy, priority = self._before
            self._before = None
            with suppress(PermissionError):  # whoever started the run as root may have given that up
                os.sched_setscheduler(0, policy, os.sched_param(priority))
