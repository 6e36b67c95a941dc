"""The targets that the YMERA platform is held to."""

from __future__ import annotations

from wavetank.metrics import names
from wavetank.metrics.thresholds import Bound, Threshold

YMERA_TARGETS: tuple[Threshold, ...] = (
    Threshold(names.CONNECT_SUCCESS, target=Bound(">", 99), warning=Bound("<", 99), critical=Bound("<", 95)),
    Threshold(
        names.THROUGHPUT,
        target=Bound(">", 1000),
        warning=Bound("<", 1000),
        critical=Bound("<", 500),
        only_if_planned=True,
    ),
    Threshold(
        f"{names.RESPONSE_TIME}.p50",
        target=Bound("<", 20),
        warning=Bound("<", 50),
        critical=Bound(">", 100),
    ),
    Threshold(
        f"{names.RESPONSE_TIME}.p95",
        target=Bound("<", 50),
        warning=Bound("<", 100),
        critical=Bound(">", 200),
    ),
    Threshold(
        f"{names.RESPONSE_TIME}.p99",
        target=Bound("<", 100),
        warning=Bound("<", 200),
        critical=Bound(">", 500),
    ),
    Threshold(names.ERROR_RATE, target=Bound("<", 0.1), warning=Bound("<", 1), critical=Bound(">", 5)),
)
"""Connection success, throughput, latency and error rate, with the bounds of YMERA's own table.

Throughput is judged only where the plan asks for at least that rate: a plan for ten messages a second cannot
miss a thousand. What lies between target and critical is a warning.
"""
