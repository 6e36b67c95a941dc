"""Experiment B: a server that stands still for a tenth of the time. Who says so?"""

from __future__ import annotations

import subprocess
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bench.accuracy.freezes import Freezes
from bench.accuracy.generator import Paced, Summary, run_wavetank
from bench.accuracy.peer import LocustReport, NotInstalled, install, run_locust
from bench.accuracy.running import RunningServer, running_server
from bench.accuracy.table import milliseconds, table, verdict

FREEZES = Freezes(length_s=1.0, period_s=10.0, first_s=4.5)
# 50 users of 10 a second would have exactly 1 % of their requests under way as the server stops, and then chance
# alone would decide what a closed loop's p99 says.
FULL = Paced(users=20, count=1500, every_ms=40, apart_ms=2)
QUICK = Paced(users=20, count=500, every_ms=40, apart_ms=2)
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}
TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """Both generators against the same server. `locust` is None where it could not be installed: `note` says why."""

    paced: Paced
    summary: Summary
    frozen_ns: list[tuple[int, int]]
    locust: LocustReport | None
    note: str

    @property
    def p99_ms(self) -> float:
        """What Wavetank reports as the p99 of response_time."""
        return self.summary.quantile_ms("websocket.response_time", "p99")

    @property
    def kept(self) -> bool:
        """Whether that is within 5 % of the analytic value."""
        true_ms = FREEZES.quantile_s(0.99) * 1000
        return abs(self.p99_ms - true_ms) <= TOLERANCE * true_ms


def run_experiment(*, quick: bool) -> Outcome:
    """Wavetank, then Locust, each against a server of its own. Raises RunFailed, OSError, CalledProcessError."""
    paced = QUICK if quick else FULL
    with _freezing_server() as server:
        summary = run_wavetank(paced, server.url, seed=1)
        frozen = server.truth().frozen_ns
    try:
        note = install()
        with _freezing_server() as server:
            report = run_locust(paced, server.url)
    except NotInstalled as error:
        return Outcome(paced, summary, frozen, None, f"Locust could not be installed: {error}")
    except subprocess.CalledProcessError as error:
        return Outcome(paced, summary, frozen, None, f"Locust ended with {error.returncode}")
    return Outcome(paced, summary, frozen, report, note)


def comparison(outcome: Outcome) -> str:
    """What each reports, beside the truth."""
    paced, report = outcome.paced, outcome.locust
    rows = [
        (
            "the truth (analytic)",
            f"{paced.requests:,}",
            *(milliseconds(1000 * FREEZES.quantile_s(q)) for q in QUANTILES.values()),
            "",
            "",
        ),
        ("Wavetank, response_time", *_wavetank(outcome.summary, "websocket.response_time"), verdict(outcome.kept)),
        ("Wavetank, service_time", *_wavetank(outcome.summary, "websocket.service_time"), ""),
        (
            "a closed loop (analytic)",
            f"{_closed_requests(paced):,.0f}",
            *(
                milliseconds(1000 * FREEZES.closed_quantile_s(q, users=paced.users, rate=paced.rate))
                for q in QUANTILES.values()
            ),
            _error(1000 * FREEZES.closed_quantile_s(0.99, users=paced.users, rate=paced.rate)),
            "",
        ),
    ]
    if report is None:
        rows.append(("Locust", "–", *("–" for _ in QUANTILES), "", "skipped"))
    else:
        rows.append(
            (
                "Locust, response time",
                f"{report.requests:,}",
                *(milliseconds(report.quantiles_ms[name]) for name in QUANTILES),
                _error(report.quantiles_ms["p99"]),
                "",
            )
        )
    head = ("", "requests", *(f"{name.replace('p999', 'p99.9')}, ms" for name in QUANTILES), "p99 is off by", "")
    return table(head, rows, right=range(1, 7))


def freeze_lengths(outcome: Outcome) -> str:
    """How often and how long the server really stood still, while the generator sent."""
    lengths = [(end - begin) / 1e6 for begin, end in outcome.frozen_ns]
    if not lengths:
        return "The server did not stand still once."
    return f"The server stood still {len(lengths)} times, for {min(lengths):,.1f} to {max(lengths):,.1f} ms."


def _freezing_server() -> AbstractContextManager[RunningServer]:
    return running_server(
        "--freeze", str(FREEZES.length_s), "--period", str(FREEZES.period_s), "--first", str(FREEZES.first_s)
    )


def _wavetank(summary: Summary, metric: str) -> tuple[str, ...]:
    replies = f"{summary.counter('websocket.replies'):,}"
    values = {name: summary.quantile_ms(metric, name) for name in QUANTILES}
    return (replies, *map(milliseconds, values.values()), _error(values["p99"]))


def _closed_requests(paced: Paced) -> float:
    """How many requests a closed loop sends in the time of the plan."""
    rounds = paced.seconds / FREEZES.period_s
    return rounds * (paced.rate * (FREEZES.period_s - FREEZES.length_s) + paced.users)


def _error(p99_ms: float) -> str:
    return f"{100 * (p99_ms / (1000 * FREEZES.quantile_s(0.99)) - 1):+.1f} %"
