"""Is a starved generator found out, and a quiet one left alone? Runs both, many times, and prints what was said.

    python bench/starved.py --runs 20 --kinds quiet,shared,niced --write       7 minutes, into docs/accuracy.md
    python bench/starved.py --runs 3 --delay 5 --results found.jsonl           appends; again to go on where it ended

The server answers each message after a fixed delay and keeps the true delays: what the generator reports beyond them
is its own doing. The server has one core for itself, the generator another. Linux only, two cores at least.
Started by root, the server, and the generator of the quiet runs, have real-time priority: it keeps other programs off
their cores on a machine that is not quiet by itself. A run is called disturbed when others used more than a tenth of a
core meanwhile. Without real-time priority a quiet one was not quiet then, and may be distrusted. Ends with 1 when the
promise was broken: a p99 moved by more than 10 % and trusted, or a quiet run distrusted whose p99 was not moved.
A run of 5 s takes 6.4 s, a starved one up to 8 s; of shorter ones (--seconds) the p99 stands on few replies.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # it is started as a file

from bench.accuracy.answerer import BEGAN, OVER  # noqa: E402
from bench.accuracy.generator import load_average  # noqa: E402
from bench.accuracy.page import put  # noqa: E402
from bench.accuracy.sections import surroundings  # noqa: E402
from bench.accuracy.starved import Outcome, append, read, starved_table, starved_text  # noqa: E402
from bench.accuracy.surroundings import Others, today  # noqa: E402

GENERATOR_CORE, SERVER_CORE = 0, 1

# Users 20.2 ms apart who send every 100 ms are never due together: a message that waits for the server to read another
# would be late by the server's doing, and the server cannot know.
SCRIPT = """
config:
  target: ws://127.0.0.1:{port}
  processor: ./processor.py
  phases: [{{duration: 1010ms, arrivalCount: {users}}}]
scenarios:
  - flow:
      - connect: /
      - loop:
          - send: {{name: ping, payload: {{type: ping}}, match: {{json: $.type, value: ping}}}}
          - function: {function}
        every: {every}ms
        count: {count}
"""

PROCESSOR = """
import random, time

_next = [time.perf_counter() + 1]


def nothing(context, events):
    pass


def block(context, events):
    "A blocking call of 50 to 300 ms, about once a second."
    if time.perf_counter() >= _next[0]:
        time.sleep(random.uniform(0.05, 0.3))
        _next[0] = time.perf_counter() + random.uniform(0.5, 1.5)


def burn(context, events):
    "More work than a core can do: 2.5 ms for each of 500 messages a second."
    until = time.perf_counter() + 0.0025
    while time.perf_counter() < until:
        pass
"""


@dataclass(frozen=True)
class Kind:
    """How the generator is treated: how many busy loops share its core, its niceness and theirs, what its script does.

    `undisturbed`: it has real-time priority, where that is allowed.
    """

    loops: int = 0
    nice: int = 0
    loops_nice: int = 0
    function: str = "nothing"
    undisturbed: bool = False


KINDS = {
    "quiet": Kind(undisturbed=True),
    "alone": Kind(),
    "niced": Kind(loops=1, nice=19),
    "shared": Kind(loops=1),
    "grazed": Kind(loops=1, loops_nice=19),
    "crowded": Kind(loops=4),
    "blocked": Kind(function="block"),
    "overloaded": Kind(function="burn"),
}


# -- a run -----------------------------------------------------------------------------------------------------------


def on(core: int, *, undisturbed: bool = False) -> Callable[[], None]:
    """What a child does before it becomes its program."""

    def prepare() -> None:
        os.sched_setaffinity(0, {core})
        if undisturbed:
            with suppress(PermissionError):
                os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))

    return prepare


@contextmanager
def busy_loops(count: int, nice: int) -> Iterator[None]:
    """So many programs that never rest, on the generator's core."""
    command = [sys.executable, "-c", f"import os\nos.nice({nice})\nwhile True: pass"]
    loops = [subprocess.Popen(command, preexec_fn=on(GENERATOR_CORE)) for _ in range(count)]
    try:
        yield
    finally:
        for each in loops:
            each.kill()
            each.wait()


def interval_ms(delay_ms: float) -> int:
    """How often a user sends: three delays apart at least, or a late reply would make the next message late."""
    return 100 * max(1, math.ceil(3 * delay_ms / 100))


def used_s() -> float:
    """Processor time that the cores have spent on anything so far, stolen time included."""
    ticks = [int(each) for each in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def ours_s() -> float:
    """Processor time that this process and the children that have ended have used so far."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def family(pid: int) -> Iterator[int]:
    """A process and all that came of it: the generator's workers are processes of their own."""
    yield pid
    with suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text(encoding="ascii").split():
                yield from family(int(child))


def renice(pid: int, niceness: int) -> None:
    """Sets the niceness of a process and of all that came of it."""
    for each in family(pid):
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, each, niceness)


def has_real_time(pid: int) -> bool:
    """Whether a process has real-time priority; one that is gone has not."""
    with suppress(ProcessLookupError):
        return os.sched_getscheduler(pid) in (os.SCHED_FIFO, os.SCHED_RR)
    return False


def wait_for(word: str, server: subprocess.Popen[bytes], generator: subprocess.Popen[str]) -> None:
    """Until the server says the word, or the generator has ended."""
    assert server.stdout is not None
    while generator.poll() is None:
        if select.select([server.stdout], [], [], 0.05)[0] and server.stdout.readline().decode().strip() == word:
            return


def run(name: str, arguments: argparse.Namespace, folder: Path) -> Outcome:
    """One run of the real command line against the real server."""
    kind = KINDS[name]
    folder.mkdir(parents=True)
    began_at, used, ours = time.perf_counter(), used_s(), ours_s()
    # Unbuffered: what was read together with a line would be waited for in vain.
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.accuracy.answerer", str(arguments.delay)],
        stdout=subprocess.PIPE,
        bufsize=0,
        cwd=ROOT,
        preexec_fn=on(SERVER_CORE, undisturbed=True),
    )
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline())
        every_ms = interval_ms(arguments.delay)
        users = arguments.rate * every_ms // 1000
        count = round(arguments.seconds * 1000 / every_ms)
        script = SCRIPT.format(port=port, users=users, every=every_ms, count=count, function=kind.function)
        (folder / "script.yml").write_text(script, encoding="utf-8")
        (folder / "processor.py").write_text(PROCESSOR, encoding="utf-8")
        command = [sys.executable, "-m", "wavetank", "run", str(folder / "script.yml"), "--quiet", "-o"]
        generator = subprocess.Popen(
            [*command, str(folder / "run")],
            preexec_fn=on(GENERATOR_CORE, undisturbed=kind.undisturbed),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            # Starved only now: to load all of Python at the lowest priority would take minutes.
            wait_for(BEGAN, server, generator)
            # The workers have it: their coordinator gives it up for them.
            kept_off = any(map(has_real_time, family(generator.pid)))
            renice(generator.pid, kind.nice)
            with busy_loops(kind.loops, kind.loops_nice):
                wait_for(OVER, server, generator)
            with suppress(PermissionError):  # only root may take it back
                renice(generator.pid, 0)
            said = generator.communicate(timeout=300)[0]
        finally:
            generator.kill()
            generator.wait()
        server.send_signal(signal.SIGTERM)
        delays = sorted(json.loads(server.communicate(timeout=30)[0].splitlines()[-1]))
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        server.wait()
    took_s = time.perf_counter() - began_at
    if generator.returncode not in (0, 4):
        raise SystemExit(f"the run ended with {generator.returncode}:\n{said}")
    summary: dict[str, Any] = json.loads((folder / "run" / "summary.json").read_text(encoding="utf-8"))
    times = summary["histograms"]["websocket.response_time"]
    return Outcome(
        kind=name,
        delay_ms=arguments.delay,
        seconds=arguments.seconds,
        true_p99=delays[-(-99 * len(delays) // 100) - 1] / 1e6,
        reported_p99=times["p99"],
        replies=times["count"],
        ok=summary["trust"]["ok"],
        reasons=tuple(summary["trust"]["reasons"]),
        code=generator.returncode,
        foreign=max(0.0, (used_s() - used - ours_s() + ours) / took_s),
        kept_off=kept_off,
        took_s=round(took_s, 2),
    )


# -- all of them -----------------------------------------------------------------------------------------------------


def main() -> int:
    """Print a line for each run, the reasons given, and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="of each kind")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which, with commas")
    parser.add_argument("--delay", type=float, default=20.0, help="of the server, in milliseconds")
    parser.add_argument("--rate", type=int, default=500, help="of all users, in messages a second")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--results", type=Path, help="a file to add each run to; those of the same sort in it count")
    parser.add_argument("--write", action="store_true", help="write the table into docs/accuracy.md")
    parser.add_argument("--keep", type=Path, help="a new folder for the run folders")
    arguments = parser.parse_args()
    began, others, load = today(), Others(), load_average()
    with tempfile.TemporaryDirectory() as temporary:
        outcomes = measured(arguments, arguments.keep or Path(temporary))
    say("\n" + starved_table(outcomes))
    if arguments.write:
        put(ROOT / "docs" / "accuracy.md", {"starved": starved_text(outcomes, surroundings(began, load, others))})
    return int(any(outcome.broken for outcome in outcomes))


def measured(arguments: argparse.Namespace, folder: Path) -> list[Outcome]:
    """All runs, a line for each; with those that the file of results has already."""
    outcomes = [] if arguments.results is None else read(arguments.results)
    say(f"server's delay {arguments.delay:g} ms, {arguments.rate} messages a second")
    say(
        f"{'kind':<11} {'run':>3} {'true p99':>9} {'reported':>9} {'moved':>8} {'trust':>6} {'exit':>4} {'others':>6} "
        f"{'took':>6}"
    )
    for number in range(1, arguments.runs + 1):
        for name in arguments.kinds.split(","):
            sort = (name, arguments.delay, arguments.seconds)
            if sum((each.kind, each.delay_ms, each.seconds) == sort for each in outcomes) >= number:
                continue
            outcome = run(name, arguments, folder / f"{name}{number}")
            outcomes.append(outcome)
            if arguments.results is not None:
                append(arguments.results, outcome)
            remark = "  <- BROKEN" if outcome.broken else "  (disturbed)" if outcome.disturbed else ""
            say(
                f"{name:<11} {number:>3} {outcome.true_p99:>6.2f} ms {outcome.reported_p99:>6.2f} ms "
                f"{outcome.moved:>+7.1%} {'ok' if outcome.ok else 'NOT ok':>6} {outcome.code:>4} "
                f"{outcome.foreign:>6.1%} {outcome.took_s:>4.1f} s{remark}"
            )
            for reason in outcome.reasons:
                say(f"    {reason}")
    return outcomes


def say(text: str) -> None:
    """A line on stdout, at once."""
    print(text, flush=True)  # noqa: T201  # it is a script


if __name__ == "__main__":
    sys.exit(main())
