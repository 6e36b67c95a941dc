"""What is sent in one turn of the loop leaves together, and never waits for code that takes its time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.engine.clock import departures as module
from wavetank.engine.clock.departures import AT_ONCE, Departures, Held
from wavetank.engine.compiled import is_compiled

pytestmark = pytest.mark.skipif(is_compiled(), reason="compiled, a trait takes no class and a module no clock of ours")

_MS = 1_000_000


class Parcel(Held):
    """Writes down when it leaves."""

    def __init__(self, left: list[Parcel]) -> None:
        self._left = left

    def release(self) -> None:
        self._left.append(self)


class Clock:
    """A clock that stands still by itself."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "_now", clock)
    return clock


def turn(departures: Departures, clock: Clock, length_ns: int, left: list[Parcel]) -> bool:
    """A turn in which something is sent; whether it was held back."""
    departures.begin()
    held = departures.hold(Parcel(left))
    clock.now += length_ns
    departures.end()
    return held


@given(st.lists(st.integers(0, 3 * AT_ONCE), max_size=5))
def test_all_that_is_sent_in_a_turn_has_left_by_its_end_in_order_and_never_waits_for_many(turns: list[int]) -> None:
    departures, left, sent = Departures(), list[Parcel](), list[Parcel]()
    for count in turns:
        departures.begin()
        for _ in range(count):
            sent.append(Parcel(left))
            assert departures.hold(sent[-1])
            assert len(sent) - len(left) < AT_ONCE
        departures.end()
        assert left == sent


def test_outside_of_a_turn_everything_leaves_at_once() -> None:
    departures = Departures()
    assert not departures.hold(Parcel([]))
    departures.begin()
    departures.end()
    assert not departures.hold(Parcel([]))


def test_code_of_a_script_keeps_nobody_waiting_until_a_hundred_turns_have_shown_that_it_is_quick(clock: Clock) -> None:
    departures, left = Departures(own_code=True), list[Parcel]()
    assert [turn(departures, clock, 10 * _MS, left) for _ in range(101)] == [False] * 100 + [True]
    assert len(left) == 1


def test_after_a_turn_that_took_long_the_hundred_begin_anew(clock: Clock) -> None:
    departures, left = Departures(), list[Parcel]()
    assert turn(departures, clock, 51 * _MS, left)
    assert [turn(departures, clock, 50 * _MS, left) for _ in range(50)] == [False] * 50
    assert not turn(departures, clock, 51 * _MS, left)
    assert [turn(departures, clock, 0, left) for _ in range(101)] == [False] * 100 + [True]


@pytest.mark.parametrize("own_code", [False, True])
def test_turns_in_which_nothing_is_sent_show_nothing(own_code: bool, clock: Clock) -> None:
    departures = Departures(own_code=own_code)
    for length_ns in [51 * _MS, *[0] * 200]:
        departures.begin()
        clock.now += length_ns
        departures.end()
    assert turn(departures, clock, 0, []) is not own_code
