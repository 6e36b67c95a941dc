"""What the machine itself does to a program that only sleeps: how late it wakes, with real-time priority and without.

    python -m bench.accuracy.prober 5           seconds; prints its quantiles in milliseconds, as JSON

It sleeps for half a millisecond at a time, and does nothing else: no generator, no server, no network.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from time import perf_counter_ns

from bench.accuracy.generator import off_the_servers_core
from bench.accuracy.priority import real_time
from bench.accuracy.quantiles import exact_ms
from bench.accuracy.table import milliseconds, table

_SLEEP_NS = 500_000
SECONDS = 10


@dataclass(frozen=True, slots=True)
class Probe:
    """How late a sleeper woke on the generator's core: quantiles in milliseconds, as `exact_ms` names them."""

    real_time: bool
    late_ms: dict[str, float]


def probes(seconds: float = SECONDS) -> list[Probe]:
    """A probe without real-time priority, and one with it where that is permitted. Raises CalledProcessError."""
    found = [Probe(False, _probe(seconds))]
    with real_time() as permitted:
        if permitted:
            found.append(Probe(True, _probe(seconds)))
    return found


def probe_table(found: list[Probe]) -> str:
    """A row for each."""
    rows = [
        ("real-time" if probe.real_time else "normal", *(milliseconds(value) for value in probe.late_ms.values()))
        for probe in found
    ]
    head = ("a bare sleeper's priority", *(f"{name.replace('p999', 'p99.9')}, ms" for name in found[0].late_ms))
    return table(head, rows, right=range(1, len(head)))


def _probe(seconds: float) -> dict[str, float]:
    with off_the_servers_core():
        said = subprocess.run(
            [sys.executable, "-m", "bench.accuracy.prober", str(seconds)], check=True, capture_output=True, text=True
        )
    late: dict[str, float] = json.loads(said.stdout)
    return late


def main(seconds: float) -> None:
    """Sleeps again and again, and prints how late it woke."""
    gc.disable()
    late = []
    due = perf_counter_ns()
    end = due + round(seconds * 1e9)
    while due < end:
        due = perf_counter_ns() + _SLEEP_NS
        time.sleep(_SLEEP_NS / 1e9)
        late.append(perf_counter_ns() - due)
    sys.stdout.write(json.dumps(exact_ms(late)))


if __name__ == "__main__":
    main(float(sys.argv[1]))
