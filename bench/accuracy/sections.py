"""What each section of the page says: the experiment carried out, and its tables in their words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from bench.accuracy import distributions, omission, prober
from bench.accuracy.delays import DISTRIBUTIONS
from bench.accuracy.generator import load_average
from bench.accuracy.priority import FIFO, real_time
from bench.accuracy.stillness import QUIET, awake, build_witness
from bench.accuracy.surroundings import Others, again, this_machine, today, versions

ROUNDS = 3
MOST_ROUNDS = 15
"""So many of a distribution at most, until there are `ROUNDS` in which the machine was quiet."""


@dataclass(frozen=True, slots=True)
class Section:
    """The text for the page, and whether every promise in it was kept."""

    text: str
    kept: bool


Say = Callable[[str], None]


def distributions_section(say: Say, *, quick: bool, only: str | None = None, normal: bool = False) -> Section:
    """Experiment A, in rounds over all distributions (or `only` one), so that a disturbance does not hit one alone.

    With real-time priority where that is permitted, and on cores that are kept awake, unless it is to be the `normal`
    one. Rounds in which the machine itself stood still are repeated, some of them.
    """
    began, others, load = today(), Others(), load_average()
    names = list(DISTRIBUTIONS) if only is None else [only]
    count = 1 if quick else ROUNDS
    tried: dict[str, list[distributions.Round]] = {name: [] for name in names}
    say("what the machine does to a program that only sleeps")
    found = prober.probes(prober.SECONDS / 5 if quick else prober.SECONDS)
    watched = build_witness() and not normal
    with ExitStack() as stack:
        permitted = not normal and stack.enter_context(real_time())
        kept_awake = not normal and stack.enter_context(awake())
        while wanting := [name for name in names if _wants_more(tried[name], count, watched=watched and permitted)]:
            for name in wanting:
                number = len(tried[name]) + 1
                say(f"{DISTRIBUTIONS[name].words}: round {number}")
                tried[name].append(distributions.run_round(name, number, quick=quick))
    rounds = {name: distributions.judged(of_name, count) for name, of_name in tried.items()}
    paced = distributions.QUICK if quick else distributions.FULL
    kept = distributions.all_kept(rounds)
    floor = distributions.floor_ms([one for of_name in rounds.values() for one in of_name])
    return Section(
        f"""\
## A: known delays

{_kept(kept)}A server draws the delay of each reply from a distribution, and writes down how long it really took from
reading the request to writing the reply. {paced.users} users send one request every {paced.every_ms:g} ms each:
{paced.rate:,.0f} a second, {paced.requests:,} in a run. The promise: p50, p90, p99 and p99.9 differ from the exact
quantiles of the true delays by at most 2 % or 0.3 ms, whichever is more, while the generator is under
{distributions.CPU_LIMIT:.0f} % of a core. {_rounds(count)}

{_priority(permitted, normal=normal)}

{_quiet(tried, rounds, kept_awake=kept_awake, watched=watched and permitted)}

{prober.probe_table(found)}

{distributions.quantile_table(rounds)}

What is reported is never less than the truth: it contains the way through the kernel in both directions, which no
client can tell from the server ({floor:.3f} ms at the median of `service_time` here). `response_time` contains the
lateness of the generator's own timer, too, which the next table has.

{distributions.generator_table(tried, rounds)}

{surroundings(began, load, others)}

{_repeat("distributions", "one row: `--only lognormal`; without real-time priority: `--normal`")}""",
        kept,
    )


def omission_section(say: Say, *, quick: bool) -> Section:
    """Experiment B: Wavetank, and Locust beside it."""
    began, others, load = today(), Others(), load_average()
    say("a server that freezes: Wavetank, then Locust")
    outcome = omission.run_experiment(quick=quick)
    paced, freezes = outcome.paced, omission.FREEZES
    half = 1000 * freezes.quantile_s(0.99, load=0.45)
    return Section(
        f"""\
## B: a server that stands still

{_kept(outcome.kept)}A server answers at once, but stands still for {freezes.length_s:g} s in every
{freezes.period_s:g} s. {paced.rate:,.0f} requests a second are planned, evenly, for {paced.seconds:g} s:
{paced.users} users, one every {paced.every_ms:g} ms each, one under way at a time. The promise: p99 of
`response_time` is within 5 % of the analytic value.

{omission.comparison(outcome)}

{omission.freeze_lengths(outcome)}

The analytic value: a request that is planned *u* seconds after a freeze of *F* = {freezes.length_s:g} s began is
delayed by the rest of it, *F* − *u*, and by the backlog before it, *u* ρ, where ρ is the planned rate divided by the
rate at which backlog is worked off. So the delay is *F* − *u* (1 − ρ) until the backlog is gone, and the share of all
requests that are delayed by more than *d* is (*F* − *d*) / ((1 − ρ) *T*), with *T* = {freezes.period_s:g} s between
freezes. Solved for the quantile *q*: *d* = *F* − (1 − *q*) (1 − ρ) *T*. The table has ρ = 0; a backlog that is worked
off at little more than twice the planned rate (ρ = 0.45) would make the p99 {half:,.0f} ms instead.

"A closed loop" is a tool that sends the next request only when it has the reply to the last: in a freeze each of
{paced.users} users has one request under way, and what was planned meanwhile is never sent. {outcome.note}.

{surroundings(began, load, others, () if outcome.locust is None else (outcome.note,))}

{_repeat("omission")}""",
        outcome.kept,
    )


def _kept(kept: bool) -> str:
    return "" if kept else "**A promise was missed in these runs: see the rows.**\n\n"


def _priority(permitted: bool, *, normal: bool) -> str:
    if permitted:
        done = f"""\
Server and generator had real-time priority (SCHED_FIFO {FIFO}, what `chrt -f {FIFO}` gives) and a core each: no other
program could take it from them."""
    elif normal:
        done = "Server and generator had normal priority, as was asked for: other programs could take their cores."
    else:
        done = f"""\
Server and generator had normal priority, since real-time priority was not permitted (it takes root, or a limit:
`ulimit -r {FIFO}`): other programs could take their cores, and did so if the first row says so."""
    return f"""\
{done}

Why: under the normal scheduler, other programs and threads of the kernel take a core for up to some milliseconds at a
time, and whoever sleeps there wakes so much late. No program can see to that by itself, and the p99.9 of a fast server
would tell of the machine instead of the generator. The next table is the control: a program that does nothing but sleep
for half a millisecond again and again, on the generator's core, just before the runs, and how late it wakes. When to
run Wavetank with real-time priority: [trust](trust.md#a-machine-that-is-not-quiet)."""


def _wants_more(tried: list[distributions.Round], count: int, *, watched: bool) -> bool:
    quiet = sum(one.machine.quiet for one in tried)
    return quiet < count and len(tried) < (MOST_ROUNDS if watched else count)


def _quiet(
    tried: dict[str, list[distributions.Round]],
    rounds: dict[str, list[distributions.Round]],
    *,
    kept_awake: bool,
    watched: bool,
) -> str:
    """How the machine was kept from having a say in it, and how it had one all the same."""
    said = []
    if kept_awake:
        said.append(
            "The cores were kept from sleeping (`/dev/cpu_dma_latency`): to wake one takes a virtual machine up to a "
            "tenth of a millisecond each time."
        )
    if watched:
        disturbed = sum(not one.machine.quiet for of_name in tried.values() for one in of_name)
        said.append(
            "A machine may stand still as a whole, as a virtual one does when its host has other things to do: server "
            "and generator then wait together, and no figure is of either of them. A witness on each core, which has a "
            "higher priority than both and does nothing but wake every half a millisecond "
            "(`bench/native/witness.c`), tells of it. Rounds in which it was more than half a millisecond late for "
            f"more than {100 * QUIET:g} % of the time are set aside and repeated, until {ROUNDS} of a distribution are "
            f"left or {MOST_ROUNDS} have been tried: here {disturbed} of "
            f"{sum(map(len, tried.values()))} were. The last table has them all."
        )
        if not all(one.machine.quiet for of_name in rounds.values() for one in of_name):
            said.append("**It was not quiet for long enough**: some rows are of rounds in which it stood still.")
    return "\n".join(said)


def _rounds(count: int) -> str:
    if count == 1:
        return "One round: a quick version, too short for a p99.9 to mean much."
    return f"Of {count} rounds each row shows the middle one by its share of the allowed difference."


def surroundings(began: str, load: float, others: Others, programs: tuple[str, ...] = ()) -> str:
    """When and where it was, and who else was there, for the end of a section."""
    cores = others.cores()
    disturbed = "" if cores is None else f"; other programs used {cores:.2f} cores meanwhile"
    return f"{began} on {this_machine()}; {versions(programs)}. The load average before was {load:.2f}{disturbed}."


def _repeat(experiment: str, more: str = "") -> str:
    return f"To repeat it: `{again(f'-m bench.accuracy {experiment}')}`{f' ({more})' if more else ''}."
