"""Why a run came out as it did, short enough for the message of a failed assertion."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from wavetank.metrics import names
from wavetank.metrics.bounded import printable
from wavetank.metrics.histogram import Histogram
from wavetank.metrics.snapshot import ErrorCount
from wavetank.metrics.summary import Summary
from wavetank.metrics.thresholds import ThresholdResult
from wavetank.metrics.values import statistic
from wavetank.report.figures import WIDTH, columns, milliseconds, shorten, with_unit
from wavetank.report.labels import error_label
from wavetank.report.own_code import trace_lines

LINES = 40
"""No explanation is longer than this, and tracebacks are cut to fit."""

_THRESHOLDS = 6
_NAMES = 6
_KINDS = 4
_REASONS = 3
_LEAST_OF_A_TRACEBACK = 3


def explanation(summary: Summary) -> str:
    """The verdict, and what it rests on: thresholds missed, response times by message name, errors, trust.

    Each error has an example, and its traceback where code of the script's own raised it. At most `LINES` lines, each
    at most `figures.WIDTH` columns wide; ends without a newline.
    """
    before = [*_verdict(summary), *_missed(summary.thresholds), _users(summary), *_response_times(summary)]
    trust = _trust(summary)
    errors = _errors(summary.errors, LINES - len(before) - len(trust))
    return "\n".join([*before, *errors, *trust])


def _verdict(summary: Summary) -> list[str]:
    judged = [result for result in summary.thresholds if result.verdict != "skipped"]
    missed = sum(result.verdict != "ok" for result in judged)
    why = f" ({missed} of {len(judged)} thresholds missed)" if missed else ""
    lines = [f"Verdict: {summary.verdict}{why}"]
    if summary.aborted:
        lines.append(_line(f"Aborted: {summary.aborted}"))
    if not summary.complete:
        lines.append("The run is not complete: it was stopped, or a part of it was lost.")
    return lines


def _missed(thresholds: Sequence[ThresholdResult]) -> list[str]:
    grave = {"critical": 0, "warning": 1}
    missed = sorted(
        (result for result in thresholds if result.verdict in grave), key=lambda result: grave[result.verdict]
    )
    if not missed:
        return []
    lines = ["Thresholds missed:"]
    for result in missed[:_THRESHOLDS]:
        if result.value is None:
            said = f"{result.metric}: {result.reason}"
        else:
            said = f"{result.metric} is {with_unit(result.value, names.unit_of(result.metric))}, target {result.target}"
            if result.critical is not None:
                said += f", critical {result.critical}"
        lines.append(_line(f"  {result.verdict:<8} {said}"))
    return [*lines, *_more(len(missed) - _THRESHOLDS, "thresholds")]


def _users(summary: Summary) -> str:
    counts = (names.USERS_CREATED, names.USERS_COMPLETED, names.USERS_FAILED, names.USERS_INTERRUPTED)
    told = [(name.removeprefix("vusers."), summary.counters.get(name, 0)) for name in counts]
    said = ", ".join(f"{count:,} {word}" for word, count in told if count or word == "created")
    lost = summary.counters.get(names.REPLIES_LOST, 0)
    return f"Users: {said}" + (
        f"; {lost:,} of {summary.counters.get(names.REQUESTS, 0):,} replies lost" if lost else ""
    )


def _response_times(summary: Summary) -> list[str]:
    prefix = f"{names.RESPONSE_TIME}."
    by_name = sorted(
        ((name.removeprefix(prefix), each) for name, each in summary.histograms.items() if name.startswith(prefix)),
        key=lambda entry: (-entry[1].count, entry[0]),
    )
    everything = summary.histograms.get(names.RESPONSE_TIME, Histogram())
    if not everything.count:
        return ["Response times: none, because no reply came"]
    figures = ("p50", "p90", "p95", "p99", "max")
    rows = [["name", "replies", *figures]]
    shown = by_name[:_NAMES]
    for name, histogram in [*shown, ("(all)", everything)]:
        times = [milliseconds(statistic(histogram, figure)) for figure in figures]
        rows.append([printable(name, WIDTH), f"{histogram.count:,}", *times])
    return ["Response times (ms):", *columns(rows), *_more(len(by_name) - len(shown), "names")]


def _errors(errors: Mapping[str, ErrorCount], room: int) -> list[str]:
    """The most frequent errors in at most `room` lines; the tracebacks share what the others leave."""
    if not errors:
        return []
    shown = list(errors.items())[:_KINDS]
    rest = _more(len(errors) - len(shown), "kinds of errors")
    left = room - 1 - len(shown) - len(rest)
    lines = ["Errors:"]
    for kind, error in shown:
        example = f": {error.example}" if error.example else ""
        lines.append(_line(f"  {error_label(kind)} ({error.count:,}){example}"))
        trace = _traceback(error.trace, left)
        left -= len(trace)
        lines += trace
    return [*lines, *rest]


def _traceback(text: str, room: int) -> list[str]:
    """Its last lines, which say what happened and where, if there is room for enough of them to be of use."""
    lines = trace_lines(text)
    if len(lines) <= room:
        return lines
    return ["      [...]", *lines[len(lines) - room + 1 :]] if room > _LEAST_OF_A_TRACEBACK else []


def _trust(summary: Summary) -> list[str]:
    if summary.trust.ok:
        return []
    lines = ["Not to be trusted: the generator did not keep its promise."]
    for reason in summary.trust.reasons[:_REASONS]:
        lines += textwrap.wrap(
            f"- {printable(reason, 500)}", WIDTH, initial_indent="  ", subsequent_indent="    ", max_lines=2
        )
    return [*lines, *_more(len(summary.trust.reasons) - _REASONS, "reasons")]


def _more(count: int, what: str) -> list[str]:
    return [f"  and {count} more {what}"] if count > 0 else []


def _line(text: str) -> str:
    return shorten(printable(text, 500), WIDTH)
