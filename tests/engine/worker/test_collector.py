"""The garbage collector is kept out of what is measured, and given back as it was."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from wavetank.engine.worker.collector import Collections, collections_for
from wavetank.plan.model import Plan

PLAN = Plan(target="ws://127.0.0.1:1")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = gc.isenabled(), gc.get_threshold()
    try:
        yield
    finally:
        assert (gc.isenabled(), gc.get_threshold()) == before
        assert gc.get_freeze_count() == 0


@contextmanager
def begun(*, often: bool = False) -> Iterator[Collections]:
    collections = Collections(often=often)
    collections.begin()
    try:
        yield collections
    finally:
        collections.end()


def a_cycle() -> list[object]:
    cycle: list[object] = [None]
    cycle.append(cycle)
    return cycle


@pytest.mark.parametrize("often", [False, True])
def test_what_was_there_before_is_set_aside_and_put_back(often: bool) -> None:
    collections = Collections(often=often)
    collections.begin()
    frozen = gc.get_freeze_count()
    collections.begin()
    assert frozen > 0
    collections.look(1)
    collections.end()
    collections.end()
    collections.look(1)


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with begun(often=True):
            assert gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_nothing_is_collected_while_the_users_account_for_what_there_is() -> None:
    with begun() as collections:
        assert not gc.isenabled()
        of_users = [[number] for number in range(300_000)]
        collections.look(users=3_000)
        assert gc.get_count()[0] > 250_000
        collections.look(users=10)
        assert gc.get_count()[0] < 250_000
        assert of_users[-1] == [299_999]


def test_users_who_come_again_account_for_themselves_again() -> None:
    with begun() as collections:
        many = [[number] for number in range(450_000)]
        collections.look(users=100)  # too much for them: collected, and they are from then on accounted for
        assert gc.get_count()[0] < 1_000
        many.clear()
        collections.look(users=0)
        many.extend([number] for number in range(250_000))
        collections.look(users=1_000)
        assert gc.get_count()[0] > 200_000


def test_what_is_gathered_does_not_make_collections_frequent() -> None:
    with begun() as collections:
        gathered = [[number] for number in range(300_000)]
        collections.look(users=0)
        assert gc.get_count()[0] < 250_000
        assert not gc.isenabled()
        assert len(gathered) == 300_000


def test_cycles_that_a_script_or_a_library_leaves_behind_are_collected_early_from_then_on() -> None:
    with begun() as collections:
        while not gc.isenabled():
            for _ in range(50_000):
                a_cycle()
            assert gc.get_count()[0] < 300_000
            collections.look(users=0)
        for _ in range(100_000):
            a_cycle()
            assert gc.get_count()[0] < 11_000


@pytest.mark.parametrize("often", [False, True])
def test_cycles_that_live_as_long_as_a_user_do_not_pile_up(often: bool) -> None:
    with begun(often=often) as collections:
        before = sys.getallocatedblocks()
        most = 0
        for _ in range(30):
            of_users = [a_cycle() for _ in range(100_000)]
            gc.collect(1)  # they are old now
            collections.look(users=100)
            of_users.clear()
            most = max(most, sys.getallocatedblocks() - before)
        assert most < 1_500_000  # of 6,000,000


def test_tls_is_known_to_leave_cycles_behind_and_everything_else_has_to_show_it() -> None:
    for plan, often in (
        (PLAN, False),
        (replace(PLAN, processor=Path("functions.py")), False),
        (replace(PLAN, target="wss://127.0.0.1:1"), True),
    ):
        collections = collections_for(plan)
        collections.begin()
        try:
            assert gc.isenabled() is often
        finally:
            collections.end()
