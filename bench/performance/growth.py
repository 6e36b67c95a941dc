"""What becomes of the figures with more of everything: workers, and connections."""

from __future__ import annotations

from collections.abc import Sequence

from bench.accuracy.table import table
from bench.peers.peer import Peer
from bench.performance.figures import Figure, Surroundings, median_and_spread, rest
from bench.performance.lengths import STEADY_RATE, Lengths
from bench.performance.native import NativeClient, processes_for
from bench.performance.ours import WavetankScript
from bench.performance.page import Section
from bench.performance.placement import apart, together
from bench.performance.rounds import Row, Say, Trial, installed, run_rounds
from bench.performance.sections import connect_us, cpu_us, rate

_TOOLS: tuple[Peer, ...] = (NativeClient(), WavetankScript())
_KINDS: tuple[tuple[str, str, Figure, str], ...] = (
    ("dense", "round trips per second", rate, ",.0f"),
    ("sparse", "CPU per round trip, µs", cpu_us, ".1f"),
    ("connections", "connections per second", lambda one: one.connect_rate, ",.0f"),
    ("connections", "CPU per connection, µs", connect_us, ",.0f"),
)


def growth_section(lengths: Lengths, rounds: int, say: Say, only: Sequence[str]) -> Section:
    """From one worker to two."""
    surroundings = Surroundings()
    there, missing = installed(_chosen(only), say)
    trials = {
        (tool.name, kind, workers): Trial(
            f"{tool.name}, {kind}, {_workers(workers)}",
            tool,
            getattr(lengths, kind)(workers=workers),
            together(workers),
            servers=workers,
        )
        for tool, _ in there.values()
        for kind in ("dense", "sparse", "connections")
        for workers in (1, 2)
    }
    rows = dict(zip(trials, run_rounds(trials.values(), rounds, say), strict=True))
    body = []
    for name in there:
        for kind, title, figure, form in _KINDS:
            one, two = rows[name, kind, 1], rows[name, kind, 2]
            if one.rounds and two.rounds:
                cells = [median_and_spread(row, figure, form) for row in (one, two)]
                grown = f"{two.middle(figure) / one.middle(figure):.2f}"
                body.append((name, f"{kind}: {title}", *cells, grown))
    return Section(
        f"""\
## From one worker to two

One worker and a server share one core; then two workers and two server processes share two cores, with twice the
connections: there is twice as much of everything, so a rate should double (2.00), and a cost should stay (1.00).

{table(("tool", "what", "1 worker, 1 core", "2 workers, 2 cores", "2 to 1"), body, right=(2, 3, 4))}

{rest(list(rows.values()), missing)}

{surroundings.text([version for _, version in there.values()], "growth", rounds)}"""
    )


def messages_section(lengths: Lengths, rounds: int, say: Say, only: Sequence[str]) -> Section:
    """The same messages per second, of ever more connections."""
    surroundings = Surroundings()
    there, missing = installed(_chosen(only), say)
    placement = apart()
    trials = {
        (tool.name, size): Trial(
            f"{tool.name}, {size:,} connections",
            tool,
            lengths.steady(size, workers=processes_for(size)),
            placement,
        )
        for tool, _ in there.values()
        for size in lengths.sizes
    }
    rows = dict(zip(trials, run_rounds(trials.values(), rounds, say), strict=True))
    body = []
    for size in lengths.sizes:
        cells = [_cell(rows[name, size]) for name in there]
        body.append((f"{size:,}", str(processes_for(size)), *cells))
    head = ("connections", "workers", *(f"{name}: CPU per message, µs" for name in there))
    return Section(
        f"""\
## CPU per message, from few connections to many

{STEADY_RATE:,.0f} messages per second all together, however many connections they are spread over. One process holds up
to some 19,000 connections, so more of them take more workers; all share the one core that is not the server's.

{table(head, body, right=range(len(head)))}

{rest(list(rows.values()), missing)}

{surroundings.text([version for _, version in there.values()], "messages", rounds)}"""
    )


def _cell(row: Row) -> str:
    return median_and_spread(row, cpu_us, ".1f") if row.rounds else "–"


def _chosen(only: Sequence[str]) -> list[Peer]:
    return [tool for tool in _TOOLS if not only or any(part.lower() in tool.name.lower() for part in only)]


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"
