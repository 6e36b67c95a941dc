"""The results in words and columns, for a terminal or a log: readable without colour."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from wavetank.execution.folder.masking import mask_text
from wavetank.metrics import names
from wavetank.metrics.bounded import printable, safe_name
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.summary import Summary, WorkerSummary
from wavetank.metrics.thresholds import ThresholdResult
from wavetank.metrics.values import statistic
from wavetank.plan.outline import Outline
from wavetank.report.checks import check_lines
from wavetank.report.figures import ABSENT, WIDTH, clock, columns, milliseconds, shorten, size, with_unit
from wavetank.report.labels import close_code_label, error_label
from wavetank.report.own_code import SHOWN, blocking_lines, trace_lines
from wavetank.report.phases import measured_line, phase_table
from wavetank.report.pushes import push_lines

_Value = TypeVar("_Value")
_RULE = "=" * 40
_NONE = "-"
_EMPTY = Histogram()


def results_block(summary: Summary) -> str:
    """The block of results that tools parse: its labels and their order never change.

    Messages are those of the headline's name where the plan has one, else all; the received ones are the
    replies to them. Ends with its ruler, without a newline.
    """
    counters = summary.counters
    attempted = counters.get(names.CONNECTS, 0)
    failed = counters.get(names.CONNECT_FAILED, 0)
    sent, received, latency = _headline(summary)
    throughput = summary.derived.get(names.THROUGHPUT)
    if throughput is None and not received:
        throughput = 0.0
    lines = [
        _RULE,
        "WEBSOCKET STRESS TEST RESULTS",
        _RULE,
        f"Duration: {summary.duration_s:.2f}s",
        f"Connections attempted: {attempted}",
        f"Connections successful: {attempted - failed}",
        f"Connections failed: {failed}",
        f"Success rate: {_or_absent(summary.derived.get(names.CONNECT_SUCCESS), '.2f', '%')}",
        f"Messages sent: {sent}",
        f"Messages received: {received}",
        f"Messages/sec: {_or_absent(throughput, '.2f')}",
        "",
        "Latency Statistics:",
        f"  Average: {_latency(statistic(latency, 'mean'))}",
        f"  P50: {_latency(statistic(latency, 'p50'))}",
        f"  P95: {_latency(statistic(latency, 'p95'))}",
        f"  P99: {_latency(statistic(latency, 'p99'))}",
    ]
    if summary.errors:
        lines += ["", "Errors encountered:"]
        lines += [f"  {error_label(kind)}: {error.count}" for kind, error in summary.errors.items()]
    return "\n".join([*lines, _RULE])


def details(summary: Summary, outline: Outline | None = None) -> str:
    """What a person wants to know after the block: users, messages by name, thresholds, errors, the verdict.

    At most `figures.WIDTH` columns wide; ends without a newline. Only with the plan's outline can be told which
    messages were lost under which name: a send that expects no reply loses none.
    """
    sections = [
        [*_about(outline), *(line for text in measured_line(summary) for line in _wrapped(text, ""))],
        _section("Users", _users(summary)),
        _section("Messages (times in ms)", _messages(summary, outline)),
        phase_table(summary),
        _section("Pushes", push_lines(summary, outline)),
        _section("Connect time (ms)", _connect_time(summary)),
        _section("Connections closed", _close_codes(summary)),
        _section("Checks", check_lines(summary)),
        _section("The script's own metrics", _own_metrics(summary)),
        _section("Errors", _errors(summary)),
        _section("Thresholds", _thresholds(summary.thresholds)),
        _section("Generator", _generator(summary)),
        _verdict(summary),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines)


def _headline(summary: Summary) -> tuple[int, int, Histogram]:
    """Messages sent, replies received and response times of what the results block is about."""
    if summary.headline is None:
        latency = summary.histograms.get(names.RESPONSE_TIME, _EMPTY)
        return summary.counters.get(names.MESSAGES_SENT, 0), summary.counters.get(names.REPLIES, 0), latency
    name = safe_name(summary.headline)
    latency = summary.histograms.get(f"{names.RESPONSE_TIME}.{name}", _EMPTY)
    return summary.counters.get(f"{names.MESSAGES_SENT}.{name}", 0), latency.count, latency


def _or_absent(value: float | None, form: str, unit: str = "") -> str:
    return ABSENT if value is None else f"{value:{form}}{unit}"


def _latency(value: float | None) -> str:
    """`10ms`, `12.34ms`, `0.123ms`: without thousands' separators, since tools read it."""
    if value is None:
        return ABSENT
    text = f"{value:.3f}" if value < 1 else f"{value:.2f}"
    return f"{text.rstrip('0').rstrip('.')}ms"


def _section(title: str, lines: list[str]) -> list[str]:
    return [title, *lines] if lines else []


def _about(outline: Outline | None) -> list[str]:
    if outline is None:
        return []
    phases = f"{outline.phases} phase{'' if outline.phases == 1 else 's'}"
    text = (
        f"{printable(outline.name, 200)} against {mask_text(outline.target)}: "
        f"{phases} over {clock(outline.planned_s)}, seed {outline.seed}"
    )
    return _wrapped(text, "")


def _users(summary: Summary) -> list[str]:
    counts = {
        "created": names.USERS_CREATED,
        "completed": names.USERS_COMPLETED,
        "failed": names.USERS_FAILED,
        "skipped": names.USERS_SKIPPED,
        "interrupted": names.USERS_INTERRUPTED,
    }
    cells = [f"{word} {summary.counters.get(name, 0):,}" for word, name in counts.items()]
    lines = ["  " + "   ".join(cells)]
    if session := summary.histograms.get(names.SESSION_LENGTH):
        lines.append(f"  sessions: median {_seconds(session, 'p50')}, longest {_seconds(session, 'max')}")
    return lines


def _seconds(histogram: Histogram, figure: str) -> str:
    value = statistic(histogram, figure)
    return ABSENT if value is None else f"{value / 1000:,.2f} s"


def _messages(summary: Summary, outline: Outline | None) -> list[str]:
    sent = _family(summary.counters, names.MESSAGES_SENT)
    response = _family(summary.histograms, names.RESPONSE_TIME)
    service = _family(summary.histograms, names.SERVICE_TIME)
    counters = summary.counters
    all_sent = counters.get(names.MESSAGES_SENT, 0)
    if not all_sent and not sent and not response:
        return []
    answered = () if outline is None else outline.answered
    rows = [["name", "sent", "replies", "lost", "p50", "p95", "p99", "max", "service p99"]]
    for name in sorted(sent.keys() | response.keys(), key=lambda each: (-sent.get(each, 0), each)):
        replies = response.get(name, _EMPTY).count
        lost = f"{max(0, sent[name] - replies):,}" if name in answered and name in sent else _NONE
        out = f"{sent[name]:,}" if name in sent else _NONE
        times = _times(response.get(name, _EMPTY), service.get(name, _EMPTY))
        came = f"{replies:,}" if replies or lost != _NONE else _NONE
        rows.append([printable(name, WIDTH), out, came, lost, *times])
    everything = summary.histograms.get(names.RESPONSE_TIME, _EMPTY)
    times = _times(everything, summary.histograms.get(names.SERVICE_TIME, _EMPTY))
    lost = f"{counters.get(names.REPLIES_LOST, 0):,}"
    rows.append(["(all)", f"{all_sent:,}", f"{counters.get(names.REPLIES, 0):,}", lost, *times])
    received, pushes = counters.get(names.MESSAGES_RECEIVED, 0), counters.get(names.PUSHES, 0)
    traffic = (
        f"  {received:,} messages received, {pushes:,} of them pushes; "
        f"{size(counters.get(names.BYTES_SENT, 0))} sent, "
        f"{size(counters.get(names.BYTES_RECEIVED, 0))} received"
    )
    odd = {"late": names.REPLIES_LATE, "a second time": names.REPLIES_DUPLICATED}
    strays = [f"{counters[name]:,} {word}" for word, name in odd.items() if counters.get(name)]
    return [*columns(rows), traffic, *([f"  replies that came {', '.join(strays)}"] if strays else [])]


def _times(response: Histogram, service: Histogram) -> list[str]:
    figures = [statistic(response, figure) for figure in ("p50", "p95", "p99", "max")]
    figures.append(statistic(service, "p99"))
    return [_NONE if value is None else milliseconds(value) for value in figures]


def _family(metrics: Mapping[str, _Value], family: str) -> dict[str, _Value]:
    prefix = f"{family}."
    return {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}


def _connect_time(summary: Summary) -> list[str]:
    histogram = summary.histograms.get(names.CONNECT_TIME, _EMPTY)
    figures = ("mean", "p50", "p95", "p99", "max")
    lines = [f"  {_row_of(histogram, figures)}"] if histogram.count else []
    if reconnects := summary.counters.get(names.RECONNECTS, 0):
        line = f"  {reconnects:,} reconnect{'' if reconnects == 1 else 's'}"
        again = summary.histograms.get(names.RECONNECT_TIME, _EMPTY)
        lines.append(f"{line}, from loss to open: {_row_of(again, figures)}" if again.count else line)
    return lines


def _row_of(histogram: Histogram, figures: Sequence[str]) -> str:
    return "   ".join(f"{each} {milliseconds(statistic(histogram, each))}" for each in figures)


def _close_codes(summary: Summary) -> list[str]:
    closed = sorted(_family(summary.counters, names.CLOSED).items())
    if not closed:
        return []
    unexpected = _family(summary.counters, names.CLOSED_UNEXPECTED)
    rows = [["code", "meaning", "closed", "unexpected"]]
    rows += [
        [code, close_code_label(code), f"{count:,}", f"{unexpected[code]:,}" if code in unexpected else _NONE]
        for code, count in closed
    ]
    lines = columns(rows, left=2)
    reasons = sorted(_family(summary.counters, names.CLOSE_REASON).items(), key=lambda entry: (-entry[1], entry[0]))
    if reasons:
        said = ", ".join(f"{printable(reason, 64)} ({count:,})" for reason, count in reasons)
        lines.append(shorten(f"  reasons given: {said}", WIDTH))
    if lifetime := summary.histograms.get(names.LIFETIME):
        lines.append(f"  lifetime: median {_seconds(lifetime, 'p50')}, longest {_seconds(lifetime, 'max')}")
    return lines


def _own_metrics(summary: Summary) -> list[str]:
    rows = [
        [printable(name, WIDTH), f"{count:,}"] for name, count in summary.counters.items() if not names.is_counter(name)
    ]
    rows += [
        [printable(name, WIDTH), with_unit(value, "/s")]
        for name, value in summary.rates.items()
        if name not in names.RATES
    ]
    rows += [
        [
            printable(name, WIDTH),
            f"{histogram.count:,} values, p50 {milliseconds(statistic(histogram, 'p50'))}, "
            f"p99 {milliseconds(statistic(histogram, 'p99'))}",
        ]
        for name, histogram in summary.histograms.items()
        if not names.is_histogram(name) and histogram.count
    ]
    return columns(rows, left=2)


def _errors(summary: Summary) -> list[str]:
    lines = []
    shown = 0
    for kind, error in summary.errors.items():
        line = f"  {error_label(kind)} ({error.count:,})"
        if error.example:
            line += f": {printable(error.example, 500)}"
        lines.append(shorten(line, WIDTH))
        if error.trace and shown < SHOWN:
            lines += trace_lines(error.trace)
            shown += 1
    return lines


def _thresholds(results: Iterable[ThresholdResult]) -> list[str]:
    lines = []
    for result in results:
        metric = shorten(printable(result.metric, 500), 42)
        condition = result.target == "true"
        value = "" if condition else with_unit(result.value, names.unit_of(result.metric))
        bounds = "" if condition else f"target {result.target}"
        if result.critical is not None:
            bounds += f", critical {result.critical}"
        lines.append(shorten(f"  {result.verdict:<9} {metric:<42} {value:>12}  {bounds}".rstrip(), WIDTH))
        if result.reason:
            lines += _wrapped(printable(result.reason, 500), " " * 12)
    return lines


def _generator(summary: Summary) -> list[str]:
    lines = []
    if summary.trust.ok:
        lines.append("  It kept its promise: the figures describe the server.")
    else:
        lines += _wrapped(
            "NOT TO BE TRUSTED: the generator did not keep its promise, so the figures say as much about it as "
            "about the server.",
            "  ",
        )
        for reason in summary.trust.reasons:
            lines += _wrapped(f"- {printable(reason, 500)}", "  ")
    for remark in blocking_lines(summary):
        lines += _wrapped(printable(remark, 500), "  ")
    if workers := summary.workers:
        plural = "" if len(workers) == 1 else "s"
        busiest = max(worker.cpu_percent for worker in workers)
        late = max((worker.lateness_p99 for worker in workers if worker.lateness_p99 is not None), default=None)
        lag = max((worker.loop_lag_p99 for worker in workers if worker.loop_lag_p99 is not None), default=None)
        lines.append(
            f"  {len(workers)} worker{plural}: the busiest used {busiest:.0f} % of a core, "
            f"lateness p99 {with_unit(late, 'ms')}, loop lag p99 {with_unit(lag, 'ms')}"
        )
        lines += _wrapped(_worst(workers), "  ")
    return lines


def _worst(workers: Sequence[WorkerSummary]) -> str:
    """The worst of what the workers said of themselves."""
    busiest = max(worker.cpu_percent_max or 0.0 for worker in workers)
    waited = max(worker.waited_percent_max or 0.0 for worker in workers)
    lag = max((worker.loop_lag_max for worker in workers if worker.loop_lag_max is not None), default=None)
    pause = max((worker.gc_pause_max for worker in workers if worker.gc_pause_max is not None), default=0.0)
    pauses = sum(worker.gc_pauses for worker in workers)
    return (
        f"at worst: {busiest:.0f} % of a core, {waited:.0f} % of a second waiting for it, "
        f"loop lag {with_unit(lag, 'ms')}; {pauses:,} pause{'' if pauses == 1 else 's'} of the garbage collector, "
        f"the longest {with_unit(pause, 'ms')}"
    )


def _verdict(summary: Summary) -> list[str]:
    lines = []
    if summary.aborted:
        lines += _wrapped(f"aborted: {printable(summary.aborted, 500)}", "")
    if not summary.complete:
        lines.append("The run is not complete: it was stopped, or a part of it was lost. The figures hold until then.")
    judged = [result for result in summary.thresholds if result.verdict != "skipped"]
    missed = [result for result in judged if result.verdict != "ok"]
    if not judged:
        why = "no threshold was judged"
    elif missed:
        why = f"{len(missed)} of {len(judged)} thresholds missed"
    else:
        why = "the threshold holds" if len(judged) == 1 else f"all {len(judged)} thresholds hold"
    return [*lines, f"Verdict: {summary.verdict} ({why})"]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")
