"""Numbered messages: for any fault that is injected into a count, what is counted is what was injected."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.metrics import sequences
from wavetank.metrics.sequences import Fate, SequenceWatch


@dataclass
class Seen:
    lost: int
    late: int
    repeated: int


def seen(numbers: list[int]) -> Seen:
    watch = SequenceWatch(numbers[0])
    fates = Counter(watch.see(number) for number in numbers[1:])
    return Seen(watch.missing, fates[Fate.LATE], fates[Fate.REPEATED])


# What happens to a delivery: dropped, sent so many times more, held back until so many others were sent.
FAULT = st.one_of(
    st.just("drop"),
    st.tuples(st.just("repeat"), st.integers(1, 3)),
    st.tuples(st.just("hold"), st.integers(1, 5)),
    st.none(),
    st.none(),
    st.none(),
)


@given(st.lists(FAULT, max_size=200), st.integers(0, 10**12))
def test_what_is_counted_is_what_was_injected(faults: list[object], first: int) -> None:
    wire: list[int] = [first]
    dropped = held_back = repeated = 0
    held: list[tuple[int, int]] = []  # number, and how many deliveries it still waits for

    def deliver(number: int) -> None:
        wire.append(number)
        due = [each for each, left in held if left == 1]
        held[:] = [(each, left - 1) for each, left in held if left > 1]
        wire.extend(due)

    for number, fault in enumerate(faults, first + 1):
        match fault:
            case "drop":
                dropped += 1
            case ("hold", int(count)):
                held_back += 1
                held.append((number, count))
            case ("repeat", int(count)):
                deliver(number)
                wire.extend([number] * count)
                repeated += count
            case _:
                deliver(number)
    last = first + len(faults)
    for number in range(last + 1, last + 10):  # until everything that was held back has gone out
        deliver(number)

    assert seen(wire) == Seen(lost=dropped, late=held_back, repeated=repeated)


@given(st.permutations(range(1, 30)), st.data())
def test_any_order_that_begins_with_the_first_loses_nothing(order: list[int], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(order), max_size=20))

    came = seen([0, *order, *again])

    assert came.lost == 0
    assert came.repeated == len(again)
    assert came.late == sum(number < max(order[: place + 1]) for place, number in enumerate(order))


@given(st.lists(st.integers(-20, 20), min_size=1))
def test_it_agrees_with_the_plain_definition_for_any_numbers(numbers: list[int]) -> None:
    came = seen(numbers)

    start, distinct = numbers[0], set(numbers)
    highest = max(start, *numbers)
    assert came.lost == sum(number not in distinct for number in range(start, highest))
    assert came.repeated == len(numbers) - len(distinct)
    rising = 1
    for place, number in enumerate(numbers[1:], 1):
        rising += number > max(numbers[:place])
    assert came.late == len(distinct) - rising


def test_a_jump_of_any_size_costs_nothing() -> None:
    watch = SequenceWatch(1)

    watch.see(10**15)

    assert watch.missing == 10**15 - 2
    assert watch.see(5 * 10**14) is Fate.LATE
    assert watch.see(5 * 10**14) is Fate.REPEATED
    assert watch.missing == 10**15 - 3


def test_numbers_before_the_first_are_late_once_and_nothing_is_missing_below_them() -> None:
    assert seen([10, 7, 9, 7, 11]) == Seen(lost=0, late=2, repeated=1)


def test_gaps_beyond_the_bound_stay_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "GAPS", 3)
    watch = SequenceWatch(0)
    for number in range(2, 12, 2):  # 1, 3, 5, 7 and 9 are missing, and 1 and 3 forgotten
        watch.see(number)

    assert [watch.see(number) for number in (1, 3, 5, 7, 9)] == [Fate.REPEATED] * 2 + [Fate.LATE] * 3
    assert watch.missing == 2


def test_early_numbers_beyond_the_bound_count_as_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "EARLY", 2)

    assert seen([10, 9, 8, 7]) == Seen(lost=0, late=2, repeated=1)
