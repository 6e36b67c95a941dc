"""`python -m bench.peers`: one piece of work by each peer, shown and not kept. `make bench` is the real comparison."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import click
from bench.peers import PEERS
from bench.peers.peer import NoOutcome, NotInstalled, Peer, PeerOutcome
from bench.peers.work import Work
from bench.target import running_target
from bench.watch import Watch

_EPILOG = """\b
Examples:
  python -m bench.peers                                  100 connections in a closed loop for 5 s, each peer
  python -m bench.peers k6 --connections 1000 --think 4 --connect 5 --seconds 8
  python -m bench.peers --url ws://127.0.0.1:8000/ws     against a server that is there already
"""


@click.command(epilog=_EPILOG)
@click.argument("names", nargs=-1, type=click.Choice([peer.name.lower() for peer in PEERS]))
@click.option("--connections", default=100, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=5.0, show_default=True, help="How long to measure.")
@click.option("--connect", "connect_s", default=1.0, show_default=True, help="Seconds to open the connections in.")
@click.option("--think", "think_s", default=0.0, show_default=True, help="Seconds from a reply to the next message.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Cores to use.")
@click.option("--url", help="A server that is there already, instead of one of our own.")
def main(
    names: tuple[str, ...],
    connections: int,
    seconds: float,
    connect_s: float,
    think_s: float,
    workers: int,
    url: str | None,
) -> None:
    """Let each of NAMES (without any: all) do the work, one after the other."""
    work = Work(connections, seconds, think_s=think_s, connect_s=connect_s, workers=workers)
    for peer in PEERS:
        if names and peer.name.lower() not in names:
            continue
        try:
            versions = peer.install()
            if url is not None:
                outcome, cpu_s = carry_out(peer, work, url)
            else:
                with running_target() as target:
                    outcome, cpu_s = carry_out(peer, work, f"{target.url}/ws")
        except NotInstalled as error:
            click.echo(f"{peer.name}: skipped, it could not be installed: {error}")
        except NoOutcome as error:
            click.echo(f"{peer.name}: {error}")
        else:
            click.echo(f"{versions}: {_line(outcome, cpu_s)}")


def carry_out(peer: Peer, work: Work, url: str) -> tuple[PeerOutcome, float | None]:
    """What the peer did, and the processor time (seconds) that it took in the seconds that count. Raises NoOutcome."""
    with tempfile.TemporaryDirectory(prefix="wavetank-peers-") as name:
        folder = Path(name)
        with (
            subprocess.Popen(
                peer.command(work, url, folder),
                env=peer.environment(),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            ) as process,
            Watch(process.pid) as watch,
        ):
            said, _ = process.communicate()
        try:
            outcome = peer.outcome(folder)
        except NoOutcome as error:
            raise NoOutcome(f"{error}\n{said}") from error
    return outcome, watch.cpu_s(outcome.began_at, outcome.began_at + outcome.seconds)


def _line(outcome: PeerOutcome, cpu_s: float | None) -> str:
    text = f"{outcome.rate:,.0f} round trips/s"
    if cpu_s is not None and outcome.round_trips:
        text += f", {cpu_s / outcome.seconds:.2f} cores, {1e6 * cpu_s / outcome.round_trips:,.0f} µs each"
    return f"{text} ({outcome.note})" if outcome.note else text


if __name__ == "__main__":
    main()
