"""Experiment A: a server of known delays. Are the quantiles that Wavetank reports the true ones?"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.accuracy.delays import DISTRIBUTIONS
from bench.accuracy.generator import Paced, Summary, run_wavetank
from bench.accuracy.quantiles import QUANTILES, Reading, exact_ms, median_reading
from bench.accuracy.running import running_server
from bench.accuracy.stillness import Stillness, watched
from bench.accuracy.table import milliseconds, table, verdict

METRICS = {"response_time": "websocket.response_time", "service_time": "websocket.service_time"}
CPU_LIMIT = 50.0
"""Percent of a core: a generator that is busier than that measures its own queue."""

FULL = Paced(users=500, count=200, every_ms=100, apart_ms=4.2)
QUICK = Paced(users=500, count=20, every_ms=100, apart_ms=4.2)


@dataclass(frozen=True, slots=True)
class Round:
    """One run against one distribution."""

    answered: int
    readings: dict[tuple[str, str], Reading]  # by metric and quantile
    summary: Summary
    machine: Stillness


def run_round(name: str, seed: int, *, quick: bool) -> Round:
    """Runs the generator against the distribution once. Raises RunFailed, OSError."""
    with watched() as machine, running_server("--delays", name, "--seed", str(seed)) as server:
        summary = run_wavetank(QUICK if quick else FULL, server.url, seed)
        delays = server.truth().delays_ns
    true = exact_ms(delays)
    readings = {
        (metric, quantile): Reading(true[quantile], summary.quantile_ms(full_name, quantile))
        for metric, full_name in METRICS.items()
        for quantile in QUANTILES
    }
    return Round(len(delays), readings, summary, machine)


def judged(rounds: Sequence[Round], wanted: int) -> list[Round]:
    """The rounds that count: the first so many in which the machine was quiet, and where it was not in so many, of the
    others those in which it stood still the least.
    """
    quiet = [one for one in rounds if one.machine.quiet]
    others = sorted((one for one in rounds if not one.machine.quiet), key=lambda one: one.machine.share or 0)
    return [*quiet, *others][:wanted]


def quantile_table(rounds: dict[str, list[Round]]) -> str:
    """Every quantile of every distribution: the median round, and in how many rounds the promise was kept."""
    rows = []
    for name, of_name in rounds.items():
        for metric, quantile in of_name[0].readings:
            readings = [one.readings[metric, quantile] for one in of_name]
            middle = median_reading(readings)
            rows.append(
                (
                    DISTRIBUTIONS[name].words,
                    metric,
                    quantile.replace("p999", "p99.9"),
                    milliseconds(middle.true_ms),
                    milliseconds(middle.reported_ms),
                    f"{middle.difference_ms:+.3f}",
                    f"{100 * middle.share_of_allowed:.0f} %",
                    f"{sum(reading.holds for reading in readings)} of {len(readings)}",
                    verdict(middle.holds),
                )
            )
    head = ("delays", "metric", "", "true, ms", "reported, ms", "difference", "of the allowed", "rounds kept", "")
    return table(head, rows, right=range(3, 7))


def generator_table(rounds: dict[str, list[Round]], counting: dict[str, list[Round]]) -> str:
    """Every round, also those that do not count, and what the generator did in it: all measured, under half a core?"""
    rows = [
        (
            f"{DISTRIBUTIONS[name].words}, round {number}",
            f"{one.answered:,}",
            f"{one.summary.counter('websocket.replies'):,}",
            f"{one.summary.cpu_percent:.0f} %",
            milliseconds(one.summary.quantile_ms("generator.lateness", "p50")),
            milliseconds(one.summary.quantile_ms("generator.lateness", "p99")),
            "yes" if one.summary.trusted else "no",
            "–" if one.machine.share is None else f"{100 * one.machine.share:.3f} %",
            milliseconds(one.machine.longest_ms) if one.machine.longest_ms is not None else "–",
            verdict(_is_complete(one)) if one in counting[name] else "set aside",
        )
        for name, of_name in rounds.items()
        for number, one in enumerate(of_name, 1)
    ]
    measured = ("run", "answered", "measured", "CPU", "lateness p50", "lateness p99", "trust")
    return table((*measured, "machine stood still", "longest, ms", ""), rows, right=range(1, 9))


def all_kept(rounds: dict[str, list[Round]]) -> bool:
    """Whether the median round kept every promise."""
    return all(
        median_reading([one.readings[place] for one in of_name]).holds and all(map(_is_complete, of_name))
        for of_name in rounds.values()
        for place in of_name[0].readings
    )


def floor_ms(rounds: Sequence[Round]) -> float:
    """What stands between server and generator whatever the delay: the median difference of service_time's p50."""
    return statistics.median(one.readings["service_time", "p50"].difference_ms for one in rounds)


def _is_complete(one: Round) -> bool:
    return one.answered == one.summary.counter("websocket.replies") and one.summary.cpu_percent < CPU_LIMIT
