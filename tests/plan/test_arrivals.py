from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wavetank.plan.arrivals import (
    Arrival,
    Share,
    arrivals,
    duration_s,
    phase_bounds,
    population_at,
    population_share,
    rate_at,
    total_arrivals,
)
from wavetank.plan.phases import Count, Pause, Phase, Population, Ramp, Rate

NS = 1_000_000_000

YMERA: tuple[Phase, ...] = (
    Ramp(name="Warm-up", duration_s=60, start_rate=10, end_rate=100),
    Ramp(name="Ramp-up", duration_s=300, start_rate=100, end_rate=1000),
    Rate(name="Sustained", duration_s=1800, rate=1000),
    Ramp(name="Peak", duration_s=300, start_rate=1000, end_rate=2000),
    Ramp(name="Ramp-down", duration_s=180, start_rate=2000, end_rate=100),
)

durations = st.floats(0, 30) | st.integers(0, 30)
rates = st.floats(0, 60) | st.integers(0, 60)
shapes = st.one_of(
    st.builds(Rate, name=st.just("rate"), duration_s=durations, rate=rates, poisson=st.booleans()),
    st.builds(Ramp, name=st.just("ramp"), duration_s=durations, start_rate=rates, end_rate=rates),
    st.builds(Count, name=st.just("count"), duration_s=durations, count=st.integers(0, 500)),
    st.builds(Pause, name=st.just("pause"), duration_s=durations),
    st.builds(
        Population,
        name=st.just("population"),
        duration_s=durations,
        start_users=st.integers(0, 50),
        end_users=st.integers(0, 50),
    ),
)
plans = st.lists(shapes, max_size=4)


def offsets_s(*phases: Phase) -> list[float]:
    return [arrival.planned_ns / NS for arrival in arrivals(phases)]


@given(plans, st.integers(1, 7), st.integers(0, 2**64))
def test_shares_partition_the_plan_exactly(phases: list[Phase], workers: int, seed: int) -> None:
    whole = list(arrivals(phases, seed=seed))
    shares = [list(arrivals(phases, Share(index, workers), seed)) for index in range(workers)]
    assert sorted(itertools.chain(*shares), key=lambda arrival: arrival.index) == whole
    assert all(arrival.index % workers == index for index, share in enumerate(shares) for arrival in share)
    assert len(whole) == total_arrivals(phases, seed)


@given(plans, st.integers(0, 100))
def test_arrivals_come_in_order_each_within_its_phase(phases: list[Phase], seed: int) -> None:
    bounds = phase_bounds(phases)
    last = 0
    for expected_index, arrival in enumerate(arrivals(phases, seed=seed)):
        start, end = bounds[arrival.phase]
        assert arrival.index == expected_index
        assert start <= arrival.planned_ns <= end
        assert last <= arrival.planned_ns
        last = arrival.planned_ns


@given(st.floats(0.001, 1000), st.floats(0, 1000), st.floats(0, 1000))
@settings(max_examples=60)
def test_arrival_k_of_a_ramp_comes_when_the_integral_of_the_rate_is_k(
    duration: float, start_rate: float, end_rate: float
) -> None:
    scale = min(1.0, 5000 / (duration * (start_rate + end_rate) / 2 + 1))
    a, b = start_rate * scale, end_rate * scale
    planned = offsets_s(Ramp(name="ramp", duration_s=duration, start_rate=a, end_rate=b))
    area = duration * (a + b) / 2
    assert abs(len(planned) - area) <= 0.5 + 1e-6
    for k, t in enumerate(planned, 1):
        integral = a * t + (b - a) * t * t / (2 * duration)
        # Half a nanosecond of rounding is worth so much of an arrival; a total that is rounded up ends at the end.
        rounding = max(a, b) * 1e-9
        assert abs(min(k, area) - integral) <= 1e-6 * k + rounding


@given(st.floats(0.01, 1000), st.floats(0.01, 100))
def test_a_constant_rate_starts_user_k_at_k_over_the_rate(rate: float, duration: float) -> None:
    duration = min(duration, 3000 / rate)
    planned = offsets_s(Rate(name="rate", duration_s=duration, rate=rate))
    assert planned == pytest.approx([k / rate for k in range(1, len(planned) + 1)], rel=1e-9, abs=1e-9)
    assert len(planned) <= rate * duration * (1 + 1e-12)
    assert len(planned) + 1 > rate * duration * (1 - 1e-12)


@pytest.mark.parametrize(("rate", "duration", "count"), [(0.29, 100, 29), (0.1, 30, 3), (0.7, 10, 7), (1.1, 10, 11)])
def test_decimal_rates_lose_no_arrival_to_binary_rounding(rate: float, duration: float, count: int) -> None:
    assert total_arrivals([Rate(name="rate", duration_s=duration, rate=rate)]) == count


@pytest.mark.parametrize(("duration", "start", "end", "total"), [(10, 5, 20, 125), (1, 0, 1, 0), (3, 0, 5, 8)])
def test_the_total_of_a_ramp_is_the_area_below_it_rounded(duration: int, start: int, end: int, total: int) -> None:
    ramp = Ramp(name="ramp", duration_s=duration, start_rate=start, end_rate=end)
    assert total_arrivals([ramp]) == len(offsets_s(ramp)) == total == round(duration * (start + end) / 2)


def test_a_ramp_down_to_nothing_ends_exactly_at_its_end() -> None:
    planned = offsets_s(Ramp(name="down", duration_s=1800, start_rate=1000, end_rate=0))
    assert len(planned) == 900_000
    assert planned[-1] == 1800.0
    # The last but one: 1 = (1800 − t)² · 1000 / 3600 from the end.
    assert 1800.0 - planned[-2] == pytest.approx(math.sqrt(3.6), abs=1e-6)


def test_a_count_is_spread_over_the_duration_and_ends_with_it() -> None:
    assert offsets_s(Count(name="count", duration_s=2, count=4)) == [0.5, 1.0, 1.5, 2.0]


def test_a_count_without_a_duration_starts_all_at_once() -> None:
    phases = (Pause(name="pause", duration_s=1.5), Count(name="count", duration_s=0, count=3))
    assert list(arrivals(phases)) == [Arrival(index, 1_500_000_000, 1) for index in range(3)]


def test_a_pause_and_a_population_plan_no_arrivals_but_take_their_time() -> None:
    phases = (
        Pause(name="pause", duration_s=1),
        Population(name="population", duration_s=2, start_users=5, end_users=5),
        Rate(name="rate", duration_s=1, rate=1),
    )
    assert list(arrivals(phases)) == [Arrival(0, 4 * NS, 2)]
    assert duration_s(phases) == 4.0


def test_an_empty_plan_has_no_arrivals_and_no_duration() -> None:
    assert list(arrivals(())) == []
    assert duration_s(()) == 0.0
    assert total_arrivals(()) == 0


def test_poisson_arrivals_have_the_rate_the_gaps_and_a_seed_of_their_own() -> None:
    phase = Rate(name="poisson", duration_s=100, rate=500, poisson=True)
    planned = [arrival.planned_ns / NS for arrival in arrivals([phase], seed=1)]
    gaps = [after - before for before, after in itertools.pairwise(planned)]
    mean = sum(gaps) / len(gaps)
    deviation = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    assert len(planned) == pytest.approx(50_000, abs=4 * math.sqrt(50_000))
    assert mean == pytest.approx(1 / 500, rel=0.02)
    assert deviation == pytest.approx(mean, rel=0.03)  # what sets an exponential distribution apart
    assert planned != [arrival.planned_ns / NS for arrival in arrivals([phase], seed=2)]
    assert planned == [arrival.planned_ns / NS for arrival in arrivals([phase], seed=1)]


def test_two_poisson_phases_alike_are_not_copies_of_each_other() -> None:
    phase = Rate(name="poisson", duration_s=10, rate=10, poisson=True)
    planned = list(arrivals([phase, phase], seed=1))
    first = [arrival.planned_ns for arrival in planned if arrival.phase == 0]
    second = [arrival.planned_ns - 10 * NS for arrival in planned if arrival.phase == 1]
    assert first != second


def test_a_poisson_rate_next_to_nothing_is_a_pause() -> None:
    assert offsets_s(Rate(name="poisson", duration_s=10, rate=5e-324, poisson=True)) == []
    assert offsets_s(Rate(name="poisson", duration_s=10, rate=0, poisson=True)) == []


def test_the_ymera_plan_starts_2607300_users_in_44_minutes_at_the_rates_it_says() -> None:
    bounds = phase_bounds(YMERA)
    totals: Counter[int] = Counter()
    in_last_second: Counter[int] = Counter()
    last = 0
    for arrival in arrivals(YMERA):
        assert arrival.planned_ns >= last
        last = arrival.planned_ns
        totals[arrival.phase] += 1
        in_last_second[arrival.phase] += arrival.planned_ns > bounds[arrival.phase][1] - NS
    assert [totals[place] for place in range(5)] == [3300, 165_000, 1_800_000, 450_000, 189_000]
    assert totals.total() == total_arrivals(YMERA) == 2_607_300
    assert duration_s(YMERA) == 2640.0
    # A ramp is half a second's slope away from its end, on average over its last second.
    halves = [90 / 60 / 2, 900 / 300 / 2, 0, 1000 / 300 / 2, -1900 / 180 / 2]
    for place, (end_rate, half) in enumerate(zip([100, 1000, 1000, 2000, 100], halves, strict=True)):
        assert abs(in_last_second[place] - (end_rate - half)) <= 1


def test_a_plan_of_any_size_gives_its_first_arrivals_at_once() -> None:
    endless = Rate(name="long", duration_s=1e9, rate=1e9)
    first = next(arrivals([endless], Share(5, 1000)))
    assert first == Arrival(5, 6, 0)
    assert total_arrivals([endless]) == 10**18


@given(st.integers(0, 1000), st.integers(0, 1000), st.floats(0.001, 1000), st.floats(-1, 2))
def test_a_population_goes_evenly_from_start_to_end(start: int, end: int, duration: float, part: float) -> None:
    phase = Population(name="population", duration_s=duration, start_users=start, end_users=end)
    wanted = start + (end - start) * min(max(part, 0.0), 1.0)
    assert abs(population_at(phase, round(part * duration * NS)) - wanted) <= 0.5 + 1e-3
    assert population_at(phase, 0) == start
    assert population_at(phase, round(duration * NS)) == end


def test_a_population_without_a_duration_is_at_its_end() -> None:
    phase = Population(name="population", duration_s=0, start_users=1, end_users=9)
    assert [population_at(phase, offset) for offset in (-1, 0, 1)] == [9, 9, 9]


@given(st.integers(0, 10_000), st.integers(1, 100))
def test_the_shares_of_a_population_add_up_to_it(count: int, workers: int) -> None:
    shares = [population_share(count, Share(index, workers)) for index in range(workers)]
    assert sum(shares) == count
    assert max(shares) - min(shares) <= 1
    assert shares == [sum(1 for slot in range(count) if slot % workers == index) for index in range(workers)]


@pytest.mark.parametrize(
    ("offset", "rate"),
    [(-1, 0), (0, 10), (30, 55), (59.999, 99.9985), (60, 100), (360, 1000), (2160, 1000), (2310, 1500), (2640, 0)],
)
def test_the_rate_is_known_at_each_instant_of_the_plan(offset: float, rate: float) -> None:
    assert rate_at(YMERA, offset) == pytest.approx(rate)


def test_the_rate_of_counts_and_pauses() -> None:
    phases = (
        Count(name="all at once", duration_s=0, count=9),
        Count(name="count", duration_s=2, count=4),
        Pause(name="pause", duration_s=1),
        Population(name="population", duration_s=1, start_users=1, end_users=1),
    )
    assert [rate_at(phases, offset) for offset in (0, 1, 2.5, 3.5, 5)] == [2, 2, 0, 0, 0]


def test_phases_follow_each_other_without_gaps() -> None:
    assert phase_bounds([Pause(name="pause", duration_s=0.1)] * 3) == [
        (0, 100_000_000),
        (100_000_000, 200_000_000),
        (200_000_000, 300_000_000),
    ]


@pytest.mark.parametrize(
    "phase",
    [
        Pause(name="bad", duration_s=-1),
        Pause(name="bad", duration_s=math.nan),
        Pause(name="bad", duration_s=math.inf),
        Rate(name="bad", duration_s=1, rate=-1),
        Rate(name="bad", duration_s=1, rate=math.nan),
        Rate(name="bad", duration_s=1, rate=2e9),
        Ramp(name="bad", duration_s=1, start_rate=-1, end_rate=5),
        Ramp(name="bad", duration_s=1, start_rate=1, end_rate=math.inf),
        Count(name="bad", duration_s=1, count=-1),
        Population(name="bad", duration_s=1, start_users=1, end_users=-1),
    ],
)
def test_phases_that_cannot_be_are_refused_by_name_before_the_first_arrival(phase: Phase) -> None:
    with pytest.raises(ValueError, match="The phase 'bad'"):
        arrivals([phase])


def test_a_plan_longer_than_a_century_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than a century"):
        phase_bounds([Pause(name="pause", duration_s=3e9)] * 2)


@pytest.mark.parametrize(("index", "of"), [(1, 1), (-1, 2), (0, 0)])
def test_a_share_that_is_none_is_refused(index: int, of: int) -> None:
    with pytest.raises(ValueError, match=f"no share {index} of {of}"):
        Share(index, of)
