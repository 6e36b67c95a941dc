"""What a plan asks of the machine."""

from __future__ import annotations

from bench.needs import USER_BYTES, Machine, needs_of, this_machine
from bench.staging.scaling import Scale


def test_the_plan_of_44_minutes_asks_for_what_its_reference_says() -> None:
    needs = needs_of(Scale(100, shorten=1).plan(), Machine(2, 20_000, None))
    assert needs.users == 2_607_300
    assert needs.peak_rate == 2000
    assert needs.session_s == 167
    assert 290_000 < needs.at_once < 300_000


def test_processes_are_enough_for_the_files_that_each_may_hold() -> None:
    plan = Scale(100, shorten=1).plan()
    needs = needs_of(plan, Machine(2, 20_000, None))
    assert needs.processes * 20_000 > needs.at_once
    assert needs_of(plan, Machine(2, None, None)).processes == 2
    assert needs_of(Scale(10, rounds=1).plan(), Machine(4, 20_000, None)).processes == 4


def test_too_little_memory_is_said_before_anything_is_started() -> None:
    needs = needs_of(Scale(100).plan(), Machine(2, None, None))
    assert needs.memory == needs.at_once * USER_BYTES
    assert needs.missing(Machine(2, None, needs.memory)) == ""
    assert needs.missing(Machine(2, None, None)) == ""
    assert "GiB of memory are needed" in needs.missing(Machine(2, None, needs.memory - 1))


def test_this_very_machine_has_cores() -> None:
    assert this_machine().cores >= 1
