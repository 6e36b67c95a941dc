from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.plan.chance import bits, draw_scenario, pick, position, random_for, uniform

SEEDS = st.integers(-(2**70), 2**70)
INDICES = st.integers(0, 2**64)


@given(SEEDS, INDICES, st.text())
def test_a_draw_depends_on_nothing_but_seed_user_and_purpose(seed: int, index: int, purpose: str) -> None:
    assert uniform(seed, index, purpose) == uniform(seed, index, purpose)
    assert 0.0 <= uniform(seed, index, purpose) < 1.0
    assert 0 <= bits(seed, index, purpose) < 2**64


def test_another_process_draws_the_same_numbers() -> None:
    # Python's hash of a text is salted in each process; a worker that drew with it would disagree with the others.
    code = "from wavetank.plan.chance import bits; print(bits(7, 123, 'scenario'))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert int(answer.stdout) == bits(7, 123, "scenario")


def test_the_numbers_of_a_seed_stay_the_same_from_version_to_version() -> None:
    assert [bits(0, 0, ""), bits(1, 2, "scenario")] == [0x33FE_8BD4_F9C5_7863, 0x9C69_2FCE_E729_C94F]


@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_users_in_a_row_are_spread_evenly(seed: int) -> None:
    cells, users = 100, 50_000
    for purpose in ("scenario", "payload"):
        counts = Counter(int(uniform(seed, index, purpose) * cells) for index in range(users))
        expected = users / cells
        chi_square = sum((counts[cell] - expected) ** 2 / expected for cell in range(cells))
        # 99 degrees of freedom: mean 99, standard deviation 14. Too even would be as wrong as too uneven.
        assert 50 < chi_square < 160


def test_purposes_seeds_and_users_do_not_follow_each_other() -> None:
    pairs = [
        [(uniform(3, index, "a"), uniform(3, index, "b")) for index in range(20_000)],
        [(uniform(3, index, "a"), uniform(4, index, "a")) for index in range(20_000)],
        [(uniform(3, index, "a"), uniform(3, index + 1, "a")) for index in range(20_000)],
    ]
    for drawn in pairs:
        covariance = sum((x - 0.5) * (y - 0.5) for x, y in drawn) / len(drawn)
        assert abs(covariance * 12) < 0.03


@given(st.integers(1, 2**40), SEEDS, INDICES)
def test_a_position_is_within_the_list(count: int, seed: int, index: int) -> None:
    assert 0 <= position(count, seed, index, "row") < count


def test_a_position_in_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to draw from"):
        position(0, 1, 1, "row")


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8).filter(any), SEEDS, INDICES)
def test_what_has_no_weight_is_never_picked(weights: list[float], seed: int, index: int) -> None:
    assert weights[pick(weights, seed, index, "scenario")] > 0


def test_scenarios_are_drawn_in_proportion_to_their_weights() -> None:
    weights = [5, 0, 3, 2]
    drawn = Counter(draw_scenario(weights, 11, index) for index in range(40_000))
    for place, weight in enumerate(weights):
        assert drawn[place] / 40_000 == pytest.approx(weight / 10, abs=0.01)


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [float("inf")], [float("nan")]])
def test_weights_without_a_meaning_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="Weights must be"):
        pick(weights, 0, 0, "scenario")


def test_a_user_has_its_own_generator_and_always_the_same() -> None:
    assert random_for(1, 2).random() == random_for(1, 2).random()
    assert len({random_for(seed, index).random() for seed in range(10) for index in range(100)}) == 1000
