"""The names of all metrics: which exist, what unit they have, how a name says which figure it means.

Artillery's names where Artillery has one. All times are in milliseconds wherever a person meets them.
"""

from __future__ import annotations

import difflib
import re

USERS_CREATED = "vusers.created"
USERS_COMPLETED = "vusers.completed"
USERS_FAILED = "vusers.failed"
USERS_SKIPPED = "vusers.skipped"
USERS_INTERRUPTED = "vusers.interrupted"
"""Users cut off because the run was stopped; neither completed nor failed."""
USERS_CREATED_BY_NAME = "vusers.created_by_name"

CONNECTS = "websocket.connects"
"""Attempts to connect, the failed ones included."""
CONNECT_FAILED = "websocket.connect_failed"
RECONNECTS = "websocket.reconnects"
"""Connections that took the place of one that was lost."""
MESSAGES_SENT = "websocket.messages_sent"
MESSAGES_RECEIVED = "websocket.messages_received"
BYTES_SENT = "websocket.bytes_sent"
BYTES_RECEIVED = "websocket.bytes_received"
REQUESTS = "websocket.requests"
"""Sends that expect a reply."""
REPLIES = "websocket.replies"
REPLIES_LOST = "websocket.replies_lost"
"""Requests whose reply did not come, for whatever reason."""
REPLIES_LATE = "websocket.replies_late"
REPLIES_DUPLICATED = "websocket.replies_duplicated"
REPLY_TIMEOUTS = "websocket.reply_timeouts"
PUSHES = "websocket.pushes"
CLOSED = "websocket.closed"
CLOSED_EXPECTED = "websocket.closed_expected"
CLOSED_UNEXPECTED = "websocket.closed_unexpected"
"""Connections that ended, by the server or by a fault, while their user still needed them."""
CLOSE_REASON = "websocket.close_reason"
"""The texts that servers gave in their close frames."""
PUSHES_RECEIVED = "push.received"
"""Pushes that `config.push` measures: whatever else a message may be, a reply that a step waits for among it."""
PUSHES_LOST = "push.lost"
"""Numbers that a subscriber is missing; one that comes after all is taken off again."""
PUSHES_DUPLICATED = "push.duplicated"
PUSHES_OUT_OF_ORDER = "push.out_of_order"
PUSHES_BEFORE_SENT = "push.before_sent"
"""Pushes that came before their own timestamp: two clocks that disagree."""
PUSHES_UNMEASURED = "push.unmeasured"
"""Pushes of which not everything could be measured."""
ERRORS = "errors"
CHECKS = "checks"
"""What a scenario found to be so or not: each check has a counter of those passed, and one of those failed."""

SEND_RATE = "websocket.send_rate"
RECEIVE_RATE = "websocket.receive_rate"
ARRIVAL_RATE = "vusers.arrival_rate"

USERS_ACTIVE = "vusers.active"
OPEN = "websocket.open"
MEMORY = "generator.memory"
"""What the workers hold in memory, in MiB; only where the system tells it."""

CONNECT_TIME = "websocket.connect_time"
RECONNECT_TIME = "websocket.reconnect_time"
"""From the loss of a connection until the one in its place is open."""
RESPONSE_TIME = "websocket.response_time"
SERVICE_TIME = "websocket.service_time"
PUSH_TIME = "websocket.push_time"
PUSH_TIME_CORRECTED = "websocket.push_time.corrected"
"""Push time less the offset between the server's clock and ours."""
LIFETIME = "websocket.lifetime"
SESSION_LENGTH = "vusers.session_length"
LATENESS = "generator.lateness"
LOOP_LAG = "generator.loop_lag"
STALL = "generator.stall"
"""The part of the loop lag in which a worker did not work: its core was taken away, or a call blocked it."""
GC_PAUSE = "generator.gc_pause"

CONNECT_SUCCESS = "websocket.connect_success"
ERROR_RATE = "error_rate"
THROUGHPUT = "websocket.throughput"
CLOCK_OFFSET = "push.clock_offset"
"""How far the server's clock is ahead of ours, in milliseconds."""
USERS_ERROR_RATE = "vusers.error_rate"
"""Share of the users who have ended that did not complete, in percent: what Artillery's `maxErrorRate` bounds."""

COUNTERS = (
    USERS_CREATED,
    USERS_COMPLETED,
    USERS_FAILED,
    USERS_SKIPPED,
    USERS_INTERRUPTED,
    CONNECTS,
    CONNECT_FAILED,
    RECONNECTS,
    MESSAGES_SENT,
    MESSAGES_RECEIVED,
    BYTES_SENT,
    BYTES_RECEIVED,
    REQUESTS,
    REPLIES,
    REPLIES_LOST,
    REPLIES_LATE,
    REPLIES_DUPLICATED,
    REPLY_TIMEOUTS,
    PUSHES,
    PUSHES_RECEIVED,
    PUSHES_LOST,
    PUSHES_DUPLICATED,
    PUSHES_OUT_OF_ORDER,
    PUSHES_BEFORE_SENT,
    PUSHES_UNMEASURED,
    CLOSED_EXPECTED,
    CLOSED_UNEXPECTED,
)
COUNTERS_BY_NAME = (USERS_CREATED_BY_NAME, MESSAGES_SENT, CLOSED, CLOSED_UNEXPECTED, CLOSE_REASON, ERRORS)
"""Counters that have one counter more for each scenario, message name, close code, close reason or kind of error."""

RATES = {SEND_RATE: MESSAGES_SENT, RECEIVE_RATE: MESSAGES_RECEIVED, ARRIVAL_RATE: USERS_CREATED}
"""Rates per second, and the counter that each is the rate of."""

GAUGES = (USERS_ACTIVE, OPEN, MEMORY)

HISTOGRAMS = (
    CONNECT_TIME,
    f"{CONNECT_TIME}.dns",
    f"{CONNECT_TIME}.tcp",
    f"{CONNECT_TIME}.tls",
    f"{CONNECT_TIME}.upgrade",
    RECONNECT_TIME,
    RESPONSE_TIME,
    SERVICE_TIME,
    PUSH_TIME,
    PUSH_TIME_CORRECTED,
    LIFETIME,
    SESSION_LENGTH,
    LATENESS,
    LOOP_LAG,
    STALL,
    GC_PAUSE,
)
HISTOGRAMS_BY_NAME = (RESPONSE_TIME, SERVICE_TIME)
"""Histograms that have one histogram more for each message name."""

CHECKS_PASS_RATE = f"{CHECKS}.pass_rate"
"""Share of all checks that passed, in percent."""

DERIVED = (CONNECT_SUCCESS, ERROR_RATE, THROUGHPUT, USERS_ERROR_RATE, CHECKS_PASS_RATE, CLOCK_OFFSET)
_PERCENT = (CONNECT_SUCCESS, ERROR_RATE, USERS_ERROR_RATE, CHECKS_PASS_RATE)

PASSED, FAILED, PASS_RATE = _OF_A_CHECK = ("passed", "failed", "pass_rate")
"""The figures of each check: two counters, and the share of those passed in percent."""

_OUR_FAMILIES = ("websocket.", "vusers.", "generator.", "http.", "errors.", "checks.")
"""What begins like this is a metric of ours or a mistake, and none of a script's own."""

_STATISTIC = re.compile(r"(.+)\.(min|mean|max|count|median|p\d+(?:\.\d+)?)")


def quantile_of(statistic: str) -> float | None:
    """The share (0…1) that `p50`, `p99.9`, `p999` (Artillery's p99.9) or `median` means; else None."""
    if statistic == "median":
        return 0.5
    found = re.fullmatch(r"p(\d\d?)(?:\.(\d+))?|p(9\d)(\d+)", statistic)
    if found is None:
        return None
    whole, decimals = found.group(1) or found.group(3), found.group(2) or found.group(4) or ""
    share = float(f"0.{whole:0>2}{decimals}")
    return share or None


def split_statistic(metric: str) -> tuple[str, str] | None:
    """`a.b.p95` → (`a.b`, `p95`): a histogram's name, and which figure of it. None if no figure is named."""
    found = _STATISTIC.fullmatch(metric)
    if found is None:
        return None
    histogram, statistic = found.groups()
    if statistic.startswith("p") and quantile_of(statistic) is None:
        return None
    return histogram, statistic


def split_check(metric: str) -> tuple[str, str] | None:
    """`checks.has_token.passed` → (`has_token`, `passed`): the name of a check, and which figure of it. Else None."""
    family, _, rest = metric.partition(".")
    name, _, figure = rest.rpartition(".")
    return (name, figure) if family == CHECKS and name and figure in _OF_A_CHECK else None


def is_counter(name: str) -> bool:
    """Whether a run counts this, even if the count is 0."""
    check = split_check(name)
    if check is not None:
        return check[1] != PASS_RATE
    return name in COUNTERS or _is_by_name(name, COUNTERS_BY_NAME)


def is_histogram(name: str) -> bool:
    """Whether this is one of our histograms (without a figure such as `.p95`)."""
    return name in HISTOGRAMS or _is_by_name(name, HISTOGRAMS_BY_NAME)


def is_fixed(metric: str) -> bool:
    """Whether this metric exists in every run, and not only for a certain message name, scenario or code."""
    if metric in COUNTERS or metric in RATES or metric in GAUGES or metric in DERIVED:
        return True
    split = split_statistic(metric)
    return split is not None and split[0] in HISTOGRAMS


def known(metric: str) -> bool:
    """Whether a threshold can be put on `metric`. What a script's own functions count is not known here."""
    if is_fixed(metric) or is_counter(metric) or split_check(metric) is not None:
        return True
    split = split_statistic(metric)
    return split is not None and is_histogram(split[0])


def may_exist(metric: str, *, own: bool) -> bool:
    """Whether a run can have this metric. `own`: users run code of theirs in it, which may measure what it likes."""
    return known(metric) or (own and not metric.startswith(_OUR_FAMILIES))


def nearest(metric: str) -> str | None:
    """The known name that a person who wrote `metric` may have meant, or None."""
    counterpart = metric.replace("http.", "websocket.", 1)
    if known(counterpart):
        return counterpart
    if is_histogram(metric):
        return f"{metric}.p95"
    if metric.rstrip(".") == CHECKS:
        return CHECKS_PASS_RATE
    if metric.startswith(f"{CHECKS}."):
        return _nearest_of_a_check(metric)
    figures = [f"{name}.{figure}" for name in HISTOGRAMS for figure in ("p50", "p95", "p99", "mean", "max")]
    candidates = [*COUNTERS, *RATES, *GAUGES, *DERIVED, *figures]
    close = difflib.get_close_matches(metric, candidates, n=1, cutoff=0.6)
    return close[0] if close else None


def unit_of(metric: str) -> str:
    """Unit in which a metric is given: `ms`, `%`, `/s`, or nothing for a plain number."""
    check = split_check(metric)
    if metric in _PERCENT or (check is not None and check[1] == PASS_RATE):
        return "%"
    if metric in RATES or metric == THROUGHPUT:
        return "/s"
    if metric == CLOCK_OFFSET:
        return "ms"
    split = split_statistic(metric)
    if split is not None and is_histogram(split[0]) and split[1] != "count":
        return "ms"
    return ""


def _nearest_of_a_check(metric: str) -> str:
    """A name that begins like that of a check, with a figure that checks have."""
    start, _, written = metric.rpartition(".")
    close = difflib.get_close_matches(written, _OF_A_CHECK, n=1, cutoff=0.6)
    if start == CHECKS:
        return CHECKS_PASS_RATE if close else f"{metric}.{PASS_RATE}"
    return f"{start}.{close[0]}" if close else f"{metric}.{PASS_RATE}"


def _is_by_name(name: str, families: tuple[str, ...]) -> bool:
    return any(name.startswith(f"{family}.") and len(name) > len(family) + 1 for family in families)
