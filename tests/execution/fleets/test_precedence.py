"""Workers come before their coordinator where the run has real-time priority."""

from __future__ import annotations

import os
import sys

import pytest

from wavetank.execution.fleets.precedence import Precedence

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no other system has it")


def test_a_coordinator_of_normal_priority_stays_as_it_is() -> None:
    before = os.sched_getscheduler(0)
    precedence = Precedence()
    precedence.take_back()
    precedence.give()
    assert os.sched_getscheduler(0) == before
    precedence.take_back()
    assert os.sched_getscheduler(0) == before


def test_a_coordinator_of_real_time_priority_gives_it_up_for_the_time_of_the_run() -> None:
    before = os.sched_getscheduler(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(3))
    except PermissionError:
        pytest.skip("real-time priority is not permitted")
    try:
        precedence = Precedence()
        precedence.give()
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
        precedence.give()
        precedence.take_back()
        precedence.take_back()
        assert (os.sched_getscheduler(0), os.sched_getparam(0).sched_priority) == (os.SCHED_FIFO, 3)
    finally:
        os.sched_setscheduler(0, before, os.sched_param(0))
