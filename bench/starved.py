"""Is a starved generator found out, and a quiet one left alone? Runs both, many times, and prints what was said.

    python bench/starved.py                         20 runs of each kind, about 15 minutes
    python bench/starved.py --runs 3 --kinds quiet,niced --delay 5

The server answers each message after a fixed delay and keeps the true delays: what the generator reports beyond them
is its own doing. The server has one core for itself, the generator another. Linux only, two cores at least.
Started by root, the server, and the generator of the quiet runs, have real-time priority: it keeps other programs off
their cores on a machine that is not quiet by itself. A run is called disturbed when others used more than a tenth of a
core meanwhile. Without real-time priority a quiet one was not quiet then, and may be distrusted. Ends with 1 when the
promise was broken: a p99 moved by more than 10 % and trusted, or a quiet run distrusted whose p99 was not moved.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import os
import re
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

GENERATOR_CORE, SERVER_CORE = 0, 1
MOVED = 0.10
DISTURBED = 0.10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

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
        every: 100ms
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
    """How the generator is treated: how many busy loops share its core, its niceness, what its script does.

    `undisturbed`: it has real-time priority, where that is allowed.
    """

    loops: int = 0
    nice: int = 0
    function: str = "nothing"
    undisturbed: bool = False


KINDS = {
    "quiet": Kind(undisturbed=True),
    "niced": Kind(loops=1, nice=19),
    "shared": Kind(loops=1),
    "crowded": Kind(loops=4),
    "blocked": Kind(function="block"),
    "overloaded": Kind(function="burn"),
}


@dataclass(frozen=True)
class Outcome:
    """One run. Times in milliseconds; `foreign` is the share of a core that other programs used."""

    true_p99: float
    reported_p99: float
    replies: int
    ok: bool
    reasons: tuple[str, ...]
    code: int
    foreign: float

    @property
    def moved(self) -> float:
        """By which share the generator made the p99 longer."""
        return self.reported_p99 / self.true_p99 - 1

    @property
    def disturbed(self) -> bool:
        """Whether the machine was not ours alone."""
        return self.foreign > DISTURBED

    def broken(self, kind: str) -> bool:
        """Whether the promise was broken."""
        if self.moved > MOVED:  # also where nobody meant to: a virtual machine may be held up as a whole
            return self.ok
        return kind == "quiet" and not self.ok and (os.geteuid() == 0 or not self.disturbed)


# -- the server ------------------------------------------------------------------------------------------------------


class Answerer(asyncio.Protocol):
    """A WebSocket connection for short masked messages in one frame each: gives each back after the delay."""

    def __init__(self, delay_s: float, delays_ns: list[int]) -> None:
        self._delay_s = delay_s
        self._delays_ns = delays_ns
        self._buffer = b""
        self._open = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes came: the upgrade first, then frames."""
        received_at = time.perf_counter_ns()
        self._buffer += data
        if not self._open:
            if b"\r\n\r\n" not in self._buffer:
                return
            head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            [key] = re.findall(rb"(?i)sec-websocket-key: *(\S+)", head)
            accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
            lines = (b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade")
            self._transport.write(b"\r\n".join((*lines, b"Sec-WebSocket-Accept: " + accept, b"", b"")))
            self._open = True
        while len(self._buffer) >= 6 and len(self._buffer) >= (size := 6 + (self._buffer[1] & 0x7F)):
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            mask = frame[2:6]
            payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(frame[6:]))
            answer = bytes([frame[0], len(payload)]) + payload
            if frame[0] & 0x0F == 8:
                self._transport.write(answer)
                self._transport.close()
            else:
                asyncio.get_running_loop().call_later(self._delay_s, self._answer, answer, received_at)

    def _answer(self, answer: bytes, received_at: int) -> None:
        self._delays_ns.append(time.perf_counter_ns() - received_at)
        self._transport.write(answer)


async def serve(delay_s: float) -> None:
    """Print the port, answer until SIGTERM, and then print the true delays in nanoseconds."""
    delays: list[int] = []
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(lambda: Answerer(delay_s, delays), "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  # the parent reads it
    await stopped.wait()
    print(json.dumps(delays), flush=True)  # noqa: T201  # the parent reads it


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
def busy_loops(count: int) -> Iterator[None]:
    """So many programs that never rest, on the generator's core."""
    command = [sys.executable, "-c", "while True: pass"]
    loops = [subprocess.Popen(command, preexec_fn=on(GENERATOR_CORE)) for _ in range(count)]
    try:
        yield
    finally:
        for each in loops:
            each.kill()
            each.wait()


def used_s() -> float:
    """Processor time that the cores have spent on anything so far, stolen time included."""
    ticks = [int(each) for each in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def ours_s() -> float:
    """Processor time that this process and the children that have ended have used so far."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def run(kind: Kind, arguments: argparse.Namespace, folder: Path) -> Outcome:
    """One run of the real command line against the real server."""
    folder.mkdir(parents=True)
    began_at, used, ours = time.perf_counter(), used_s(), ours_s()
    command = [sys.executable, __file__, "--serve", "--delay", str(arguments.delay)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=on(SERVER_CORE, undisturbed=True))
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline())
        count = round(arguments.seconds * 10)
        script = SCRIPT.format(port=port, users=arguments.users, count=count, function=kind.function)
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
            while not (folder / "run" / "timeline.jsonl").exists() and generator.poll() is None:
                time.sleep(0.01)
            # Starved only now: to load all of Python at the lowest priority would take minutes.
            os.setpriority(os.PRIO_PROCESS, generator.pid, kind.nice)
            with busy_loops(kind.loops):
                said = generator.communicate(timeout=300)[0]
        finally:
            generator.kill()
            generator.wait()
        server.send_signal(signal.SIGTERM)
        delays = sorted(json.loads(server.communicate(timeout=30)[0]))
    finally:
        with suppress(ProcessLookupError):
            server.kill()
        server.wait()
    seconds = time.perf_counter() - began_at
    if generator.returncode not in (0, 4):
        raise SystemExit(f"the run ended with {generator.returncode}:\n{said}")
    summary: dict[str, Any] = json.loads((folder / "run" / "summary.json").read_text(encoding="utf-8"))
    times = summary["histograms"]["websocket.response_time"]
    return Outcome(
        true_p99=delays[-(-99 * len(delays) // 100) - 1] / 1e6,
        reported_p99=times["p99"],
        replies=times["count"],
        ok=summary["trust"]["ok"],
        reasons=tuple(summary["trust"]["reasons"]),
        code=generator.returncode,
        foreign=max(0.0, (used_s() - used - ours_s() + ours) / seconds),
    )


# -- all of them -----------------------------------------------------------------------------------------------------


def main() -> int:
    """Print a line for each run, the reasons given, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="of each kind")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which, with commas")
    parser.add_argument("--delay", type=float, default=20.0, help="of the server, in milliseconds")
    parser.add_argument("--users", type=int, default=50, help="each sends ten messages a second")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--keep", type=Path, help="a new folder for the run folders")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve(arguments.delay / 1e3))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        outcomes = measured(arguments, arguments.keep or Path(temporary))
    return summed_up(outcomes)


def measured(arguments: argparse.Namespace, folder: Path) -> list[tuple[str, Outcome]]:
    """All runs, a line for each."""
    outcomes = []
    say(f"server's delay {arguments.delay:g} ms, {arguments.users} users, ten messages a second each")
    say(f"{'kind':<11} {'run':>3} {'true p99':>9} {'reported':>9} {'moved':>8} {'trust':>6} {'exit':>4} {'others':>6}")
    for number in range(1, arguments.runs + 1):
        for name in arguments.kinds.split(","):
            outcome = run(KINDS[name], arguments, folder / f"{name}{number}")
            outcomes.append((name, outcome))
            remark = "  <- BROKEN" if outcome.broken(name) else "  (disturbed)" if outcome.disturbed else ""
            say(
                f"{name:<11} {number:>3} {outcome.true_p99:>6.2f} ms {outcome.reported_p99:>6.2f} ms "
                f"{outcome.moved:>+7.1%} {'ok' if outcome.ok else 'NOT ok':>6} {outcome.code:>4} "
                f"{outcome.foreign:>6.1%}{remark}"
            )
            for reason in outcome.reasons:
                say(f"    {reason}")
    return outcomes


def summed_up(outcomes: list[tuple[str, Outcome]]) -> int:
    """A line for each kind; gives the exit code."""
    say("")
    say(
        f"{'kind':<11} {'runs':>4} {'disturbed':>9} {'moved > 10 %':>12} {'of them ok':>10} {'NOT ok':>6} {'broken':>6}"
    )
    for name in dict.fromkeys(name for name, _ in outcomes):
        of_kind = [outcome for each, outcome in outcomes if each == name]
        moved = [outcome for outcome in of_kind if outcome.moved > MOVED]
        say(
            f"{name:<11} {len(of_kind):>4} {sum(outcome.disturbed for outcome in of_kind):>9} {len(moved):>9} "
            f"{sum(outcome.ok for outcome in moved):>10} {sum(not outcome.ok for outcome in of_kind):>6} "
            f"{sum(outcome.broken(name) for outcome in of_kind):>6}"
        )
    return int(any(outcome.broken(name) for name, outcome in outcomes))


def say(text: str) -> None:
    """A line on stdout, at once."""
    print(text, flush=True)  # noqa: T201  # it is a script


if __name__ == "__main__":
    sys.exit(main())
