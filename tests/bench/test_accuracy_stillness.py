"""The machine's own standstills are told apart from the generator's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.accuracy import distributions, stillness
from bench.accuracy.generator import Summary
from bench.accuracy.stillness import QUIET, Stillness, awake, watched

from tests.bench.native import built, needs_compiler


def _still(share: float) -> Stillness:
    machine = Stillness()
    machine.tell(f'{{"looks": 9, "still_ns": {round(share * 1e9)}, "longest_ns": 700000, "watched_ns": 1000000000}}')
    return machine


def _round(share: float) -> distributions.Round:
    return distributions.Round(1, {}, Summary({}, 0.0), _still(share))


def test_the_core_that_was_worst_off_speaks_for_the_machine() -> None:
    machine = _still(0.0001)
    assert machine.quiet
    machine.tell('{"looks": 9, "still_ns": 9000000, "longest_ns": 5000000, "watched_ns": 1000000000}')
    assert not machine.quiet
    assert (machine.share, machine.longest_ms) == (0.009, 5.0)


def test_a_machine_that_nobody_watched_is_not_accused() -> None:
    machine = Stillness()
    machine.tell("")
    assert machine.quiet
    assert machine.share is None


def test_the_first_quiet_rounds_count_and_then_those_that_were_disturbed_the_least() -> None:
    loud, louder, quiet, later, last = (_round(QUIET * times) for times in (2, 5, 0.5, 0.1, 0))
    assert distributions.judged([loud, quiet, louder, later, last], 3) == [quiet, later, last]
    assert distributions.judged([louder, quiet, loud], 3) == [quiet, loud, louder]


@needs_compiler
def test_a_witness_watches_each_core_where_it_may_have_real_time_priority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stillness, "WITNESS", built(tmp_path) / "witness")
    permitted = subprocess.run(["chrt", "-f", "20", "true"], capture_output=True, check=False).returncode == 0
    with watched() as machine:
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert (machine.share is not None) == permitted
    if permitted:
        assert machine.longest_ms is not None
        assert 0 <= machine.share < 1 < machine.longest_ms + 1  # type: ignore[operator]


def test_cores_are_kept_awake_where_that_is_permitted_for_as_long_as_the_block_lasts() -> None:
    permitted = os.access("/dev/cpu_dma_latency", os.W_OK)
    with awake() as kept:
        assert kept == permitted == _is_held()
    assert not _is_held()


def _is_held() -> bool:
    """Whether this process has the file open that keeps cores awake."""
    entries = list(Path("/proc/self/fd").iterdir()) if sys.platform == "linux" else []
    return any(entry.readlink() == Path("/dev/cpu_dma_latency") for entry in entries if entry.is_symlink())
