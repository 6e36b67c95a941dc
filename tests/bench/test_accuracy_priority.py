"""Real-time priority is taken where it is permitted, and given back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from bench.accuracy.priority import in_words, limit_in_words, real_time
from bench.accuracy.prober import Probe, probe_table, probes

_ASK = "import os; print(os.sched_getscheduler(0))"


@pytest.mark.skipif(sys.platform != "linux", reason="no other system has it")
def test_what_is_started_meanwhile_has_real_time_priority_if_it_is_permitted_and_nothing_afterwards() -> None:
    before = os.sched_getscheduler(0)
    with real_time() as permitted:
        inside = int(subprocess.run([sys.executable, "-c", _ASK], check=True, capture_output=True, text=True).stdout)
        assert inside == (os.SCHED_FIFO if permitted else before)
    assert os.sched_getscheduler(0) == before


def test_a_page_says_for_how_much_of_the_time_the_kernel_lets_real_time_priority_have_a_core() -> None:
    assert limit_in_words(950_000, 1_000_000) == ", for up to 95 % of the time (`kernel.sched_rt_runtime_us`)"
    assert "no limit to it" in limit_in_words(-1, 1_000_000)
    assert limit_in_words(None, None) == ""
    assert in_words(permitted=True).startswith("the same real-time priority")
    assert in_words(permitted=False) == "no priority"


def test_a_sleeper_says_how_late_it_woke_once_for_each_priority_that_is_permitted() -> None:
    found = probes(0.2)
    with real_time() as permitted:
        assert [probe.real_time for probe in found] == [False, True][: 1 + permitted]
    for probe in found:
        late = list(probe.late_ms.values())
        assert late == sorted(late)
        assert late[0] > 0


def test_the_table_of_the_control_has_a_row_for_each_priority() -> None:
    late = {"p50": 0.1, "p999": 2.0}
    assert probe_table([Probe(False, late), Probe(True, late)]).splitlines()[2:] == [
        "| normal | 0.100 | 2.000 |",
        "| real-time | 0.100 | 2.000 |",
    ]
