"""What the benchmarks see from outside: processes, and the server's counters."""

from __future__ import annotations

import os
import struct
import subprocess
import sys

import pytest
from bench.performance.counters import Counters, parse_counters
from bench.performance.process_tree import Process, family, parse_stat, usage_of
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=15))
def test_a_process_may_be_named_anything(name: str) -> None:
    fields = " ".join(str(number) for number in range(4, 25))  # proc(5) counts from 1; the 3rd is the state
    line = f"77 ({name}) S {fields} 0 0\n"
    assert parse_stat(line) == Process(pid=77, parent=4, ticks=14 + 15 + 16 + 17, pages=24)


def test_a_family_is_all_that_descend_from_one() -> None:
    parents = {1: 0, 2: 1, 3: 2, 4: 2, 5: 4, 6: 1, 7: 99}
    processes = {pid: Process(pid, parent, 0, 0) for pid, parent in parents.items()}
    assert {process.pid for process in family(processes, 2)} == {2, 3, 4, 5}
    assert family(processes, 8) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_time_of_a_child_that_has_ended_is_not_lost() -> None:
    before = usage_of(os.getpid())
    subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
    after = usage_of(os.getpid())
    assert after.cpu_s - before.cpu_s >= 0.27  # ticks of 10 ms, rounded down in four places
    assert after.rss_bytes > 1_000_000


@given(st.lists(st.lists(st.integers(0, 2**50), min_size=8, max_size=8), min_size=1, max_size=5))
def test_counters_of_workers_add_up(workers: list[list[int]]) -> None:
    data = b"".join(struct.pack("<8Q", *worker) for worker in workers)
    assert parse_counters(data) == Counters(*(sum(column) for column in list(zip(*workers, strict=True))[:6]))


def test_half_a_worker_is_no_counters() -> None:
    with pytest.raises(struct.error):
        parse_counters(b"\0" * 100)
