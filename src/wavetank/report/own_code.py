"""What the user's own code did: tracebacks of its mistakes, and where it blocked the generator."""

from __future__ import annotations

from wavetank.execution.blockers import ADVICE, blocked_ns, blockers, told
from wavetank.metrics.summary import Summary
from wavetank.report.figures import WIDTH, shorten

SHOWN = 10
"""So many kinds of mistakes are shown with their traceback; summary.json has all of them."""

WORTH_A_REMARK_NS = 100_000_000

_HEAD, _TAIL = 8, 16
_WORKERS = 8
_INDENT = " " * 6
_LEAST_OF_A_PATH = 40


def trace_lines(trace: str) -> list[str]:
    """A traceback, indented; of a long one the beginning and the end. No line is longer than `figures.WIDTH`."""
    lines = trace.splitlines()
    if len(lines) > _HEAD + _TAIL:
        left_out = len(lines) - _HEAD - _TAIL
        lines = [*lines[:_HEAD], f"[... {left_out} more lines: summary.json has them]", *lines[-_TAIL:]]
    return [_fitted(f"{_INDENT}{line}").rstrip() for line in lines]


def blocking_lines(summary: Summary) -> list[str]:
    """A sentence for each worker that was blocked for long, unless it is a reason for not trusting the run already."""
    sentences = []
    for worker in summary.workers:
        places, who = dict(worker.blocked), f"worker {worker.index} was blocked "
        named = any(reason.startswith(who) for reason in summary.trust.reasons)
        if blocked_ns(places) >= WORTH_A_REMARK_NS and not named:
            sentences.append(f"{who}{told(blockers(places))}: {ADVICE}")
    more = len(sentences) - _WORKERS
    return sentences if more <= 0 else [*sentences[:_WORKERS], f"and {more} more of the kind"]


def _fitted(line: str) -> str:
    before, quote, rest = line.partition('File "')
    room = WIDTH - len(before) - len(quote) - 3
    if quote and len(line) > WIDTH and room >= _LEAST_OF_A_PATH:
        # The end of a path tells more than its beginning, and the line number stands behind it.
        return f"{before}{quote}...{rest[-room:]}"
    return shorten(line, WIDTH)
