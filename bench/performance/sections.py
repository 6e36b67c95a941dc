"""Dense, sparse and connections: every tool at the same work, held against the limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.accuracy.table import table
from bench.peers import PEERS
from bench.peers.peer import Peer
from bench.peers.work import Work
from bench.performance.chart import Bar, bar_chart
from bench.performance.figures import Figure, Surroundings, median_and_spread, ratio, rest
from bench.performance.lengths import PERIOD_S, Lengths
from bench.performance.measuring import Measured
from bench.performance.native import NativeClient
from bench.performance.ours import WavetankPython, WavetankScript
from bench.performance.page import Section
from bench.performance.placement import apart
from bench.performance.rounds import Row, Say, Trial, installed, run_rounds

TOOLS: tuple[Peer, ...] = (NativeClient(), WavetankScript(), WavetankPython(), *PEERS)
"""The limit first."""


def per_cpu_s(one: Measured) -> float:
    """Round trips for each second of processor time."""
    return one.per_cpu_s


def cpu_us(one: Measured) -> float:
    """Microseconds of processor time of a round trip."""
    return one.cpu_us


def rate(one: Measured) -> float:
    """Round trips per second."""
    return one.rate


def connect_us(one: Measured) -> float:
    """Microseconds of processor time of a connection."""
    return one.connect_us


def dense_section(lengths: Lengths, rounds: int, say: Say, only: Sequence[str]) -> Section:
    """Round trips per second and core."""
    work = lengths.dense()
    return _compared(
        "dense",
        "Round trips per core",
        f"{work.connections} connections, each with one message of {len(work.payload)} bytes under way at any time.\n"
        "The rate for each second of processor time is what a core would do that does nothing else; the rate as it\n"
        "was is lower where a tool waited for the server.",
        work,
        (
            ("round trips per CPU second", per_cpu_s, ",.0f"),
            ("round trips per second", rate, ",.0f"),
            ("cores used", lambda one: one.busy, ".2f"),
        ),
        rounds,
        say,
        only,
    )


def sparse_section(lengths: Lengths, rounds: int, say: Say, only: Sequence[str]) -> Section:
    """Processor time of a round trip where connections mostly rest."""
    work = lengths.sparse()
    return _compared(
        "sparse",
        "CPU per round trip of many connections",
        f"{work.connections:,} connections, each with a message of {len(work.payload)} bytes every {PERIOD_S:g} s, as\n"
        "sessions of people have them. Most of the cost is waking up: Wavetank plans the messages of users who\n"
        "rest so long on instants 4 ms apart, and sends those of one instant together; the C client spaces them\n"
        "evenly, and wakes once in a millisecond. So the ratio says what a tool costs, not how fast its code is.",
        work,
        (
            ("CPU per round trip, µs", cpu_us, ".1f"),
            ("round trips per second", rate, ",.0f"),
            ("cores used", lambda one: one.busy, ".2f"),
        ),
        rounds,
        say,
        only,
    )


def connections_section(lengths: Lengths, rounds: int, say: Say, only: Sequence[str]) -> Section:
    """What it takes to open connections and to have them."""
    work = lengths.connections()
    return _compared(
        "connections",
        "CPU and memory per connection",
        f"{work.connections:,} connections, asked for within {work.connect_s:g} s, and a message on each; measured\n"
        "from the first 5 % of them to 95 %. Memory is the resident memory of all processes of the tool, shared\n"
        "libraries and start and all, divided by the connections; one more connection costs what it grew by since\n"
        "the first 5 %.",
        work,
        (
            ("CPU per connection, µs", connect_us, ",.0f"),
            ("connections per second", lambda one: one.connect_rate, ",.0f"),
            ("memory per connection, all told, kB", lambda one: one.memory_kb, ".1f"),
            ("one more connection, kB", lambda one: one.more_memory_kb, ".1f"),
        ),
        rounds,
        say,
        only,
    )


def _compared(
    name: str,
    title: str,
    words: str,
    work: Work,
    columns: Sequence[tuple[str, Figure, str]],
    rounds: int,
    say: Say,
    only: Sequence[str],
) -> Section:
    """A section whose table has a row for each tool; the first column is what the ratio and the chart are of."""
    surroundings = Surroundings()
    wanted = [tool for tool in TOOLS if not only or any(part.lower() in tool.name.lower() for part in only)]
    there, missing = installed(wanted, say)
    placement = apart()
    rows = run_rounds((Trial(tool.name, tool, work, placement) for tool, _ in there.values()), rounds, say)
    measured = [row for row in rows if row.rounds]
    limit = next((row for row in measured if isinstance(row.trial.tool, NativeClient)), None)
    head = ("tool", *(column for column, _, _ in columns), "of the limit")
    first, figure, form = columns[0]
    body = [
        (row.trial.name, *(median_and_spread(row, of, shape) for _, of, shape in columns), ratio(row, limit, figure))
        for row in measured
    ]
    bars = [_bar(row, figure, form, ratio(row, limit, figure)) for row in measured]
    text = f"""\
## {title}

{words}

![{title}](benchmarks-{name}.svg)

{table(head, body, right=range(1, len(head)))}

{rest(rows, missing)}

{surroundings.text([version for _, version in there.values()], name, rounds)}"""
    return Section(text, bar_chart(f"{title}: {first}", bars))


def _bar(row: Row, figure: Callable[[Measured], float], form: str, of_limit: str) -> Bar:
    low, high = row.spread(figure)
    value = row.middle(figure)
    return Bar(row.trial.name, value, low, high, f"{value:{form}} (× {of_limit})")
