"""The garbage collector is kept out of what is measured, and given back as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from wavetank.engine.collector import Collections, CollectionsInNeed, RareCollections, collections_for
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


@pytest.mark.parametrize("collections", [RareCollections(), CollectionsInNeed()])
def test_what_was_there_before_is_set_aside_and_put_back(collections: Collections) -> None:
    collections.begin()
    frozen = gc.get_freeze_count()
    collections.begin()
    assert frozen > 0
    collections.look(1)
    collections.end()
    collections.end()


def test_with_functions_of_the_script_collections_are_rare() -> None:
    before = gc.get_threshold()
    collections = RareCollections()
    collections.begin()
    assert gc.isenabled()
    assert gc.get_threshold() > before
    collections.end()


def test_without_them_there_are_none_while_the_users_account_for_what_there_is() -> None:
    collections = CollectionsInNeed()
    collections.begin()
    try:
        assert not gc.isenabled()
        of_users = [[number] for number in range(300_000)]
        collections.look(users=3_000)
        assert gc.get_count()[0] > 250_000
        collections.look(users=10)
        assert gc.get_count()[0] < 250_000
        assert of_users[-1] == [299_999]
    finally:
        collections.end()


def test_cycles_that_a_library_leaves_behind_do_not_pile_up() -> None:
    collections = CollectionsInNeed()
    collections.begin()
    try:
        most = 0
        for _ in range(10):
            for _ in range(50_000):
                cycle: list[object] = []
                cycle.append(cycle)
            most = max(most, gc.get_count()[0])
            collections.look(users=0)
        assert most < 300_000
    finally:
        collections.end()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        collections = CollectionsInNeed()
        collections.begin()
        collections.end()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_script_decides() -> None:
    assert isinstance(collections_for(PLAN), CollectionsInNeed)
    assert isinstance(collections_for(replace(PLAN, target="wss://127.0.0.1:1")), RareCollections)
    assert isinstance(collections_for(replace(PLAN, processor=Path("functions.py"))), RareCollections)
