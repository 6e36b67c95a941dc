from __future__ import annotations

import pytest

from wavetank.metrics import names


@pytest.mark.parametrize(
    "metric",
    [
        *names.COUNTERS,
        *names.RATES,
        *names.GAUGES,
        *names.DERIVED,
        *(f"{name}.p95" for name in names.HISTOGRAMS),
        "websocket.response_time.agent-message.p99.99",
        "websocket.response_time.ping.max",
        "websocket.service_time.ping.count",
        "websocket.messages_sent.ping",
        "websocket.closed.1006",
        "vusers.created_by_name.A chatty user",
        "errors.connect_refused",
        "checks.has_token.passed",
        "checks.has token.failed",
        "checks.a.b.pass_rate",
        "vusers.session_length.median",
        "vusers.session_length.p999",
    ],
)
def test_every_documented_name_is_known(metric: str) -> None:
    assert names.known(metric)


@pytest.mark.parametrize(
    "metric",
    [
        "",
        "websocket",
        "websocket.response_time",  # which figure of it?
        "websocket.response_time.ping",
        "websocket.response_time.p0",
        "websocket.response_time.p100",
        "websocket.response_tim.p95",
        "websocket.closed.",
        "websocket.connect_time.ping.p95",
        "http.response_time.p95",
        "checks",
        "checks.passed",
        "checks..passed",
        "checks.has_token",
        "checks.has_token.rate",
    ],
)
def test_what_is_not_measured_is_not_known(metric: str) -> None:
    assert not names.known(metric)


@pytest.mark.parametrize(
    ("statistic", "share"),
    [
        ("p50", 0.5),
        ("median", 0.5),
        ("p5", 0.05),
        ("p99.9", 0.999),
        ("p999", 0.999),
        ("p9999", 0.9999),
        ("p99.99", 0.9999),
        ("p995", 0.995),
        ("p99", 0.99),
        ("p0", None),
        ("p100", None),
        ("p101", None),
        ("mean", None),
    ],
)
def test_a_quantile_is_read_exactly_as_written(statistic: str, share: float | None) -> None:
    assert names.quantile_of(statistic) == share


def test_the_figure_is_split_off_even_where_it_has_a_dot_or_the_message_is_named_like_one() -> None:
    assert names.split_statistic("websocket.response_time.p99.9") == ("websocket.response_time", "p99.9")
    assert names.split_statistic("websocket.response_time.p95.p50") == ("websocket.response_time.p95", "p50")
    assert names.split_statistic("websocket.response_time") is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("websocket.respons_time.p95", "websocket.response_time.p95"),
        ("vusers.create", "vusers.created"),
        ("websocket.response_time.ping", "websocket.response_time.ping.p95"),
        ("http.response_time.p95", "websocket.response_time.p95"),
        ("http.response_time.ping.p95", "websocket.response_time.ping.p95"),
        ("orders_placed", None),
        ("checks", "checks.pass_rate"),
        ("checks.", "checks.pass_rate"),
        ("checks.passrate", "checks.pass_rate"),
        ("check.pass_rate", "checks.pass_rate"),
        ("checks.has_token", "checks.has_token.pass_rate"),
        ("checks.has_token.pas_rate", "checks.has_token.pass_rate"),
        ("checks.has_token.fail", "checks.has_token.failed"),
    ],
)
def test_the_nearest_name_is_suggested(written: str, meant: str | None) -> None:
    assert names.nearest(written) == meant


def test_a_suggestion_is_itself_known() -> None:
    for written in ("websocket.response_time", "websocket.conect_time.p9", "vuser.active"):
        assert names.known(names.nearest(written) or "")


def test_what_a_script_may_measure_itself_is_no_name_like_ours() -> None:
    assert names.may_exist("orders", own=True)
    assert names.may_exist("login.p95", own=True)
    assert not names.may_exist("orders", own=False)
    for mistake in ("websocket.respons_time.p95", "vuser.created", "checks.has_token", "generator.lag.p95"):
        assert names.may_exist(mistake, own=True) == (mistake == "vuser.created")
        assert not names.may_exist(mistake, own=False)


def test_units() -> None:
    assert names.unit_of("checks.pass_rate") == "%"
    assert names.unit_of("checks.has_token.pass_rate") == "%"
    assert names.unit_of("checks.has_token.passed") == ""
    assert names.unit_of("websocket.reconnect_time.p95") == "ms"
    assert names.unit_of("websocket.response_time.ping.p95") == "ms"
    assert names.unit_of("websocket.response_time.count") == ""
    assert names.unit_of("error_rate") == "%"
    assert names.unit_of("websocket.throughput") == "/s"
    assert names.unit_of("vusers.created") == ""
