from __future__ import annotations

import pytest

from wavetank.metrics import names
from wavetank.metrics.targets import YMERA_TARGETS
from wavetank.metrics.thresholds import judge


@pytest.mark.parametrize(
    ("metric", "ok", "warning", "critical"),
    [
        ("websocket.connect_success", 99.01, 97, 94.9),
        ("websocket.throughput", 1001, 700, 499),
        ("websocket.response_time.p50", 19.9, 60, 100.1),
        ("websocket.response_time.p95", 49.9, 120, 200.1),
        ("websocket.response_time.p99", 99.9, 300, 500.1),
        ("error_rate", 0.09, 2, 5.1),
    ],
)
def test_the_table_of_ymera(metric: str, ok: float, warning: float, critical: float) -> None:
    [threshold] = [threshold for threshold in YMERA_TARGETS if threshold.metric == metric]
    verdicts = []
    for value in (ok, warning, critical):
        [result] = judge({metric: value}.get, [threshold], planned={metric: 5000})
        verdicts.append(result.verdict)
    assert verdicts == ["ok", "warning", "critical"]


def test_the_targets_are_metrics_that_exist_once_each() -> None:
    metrics = [threshold.metric for threshold in YMERA_TARGETS]
    assert len(set(metrics)) == len(metrics) == 6
    assert all(names.known(metric) for metric in metrics)
