"""The programs in C: built, the server run, the client as one more tool."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peers.installing import output_of
from bench.peers.peer import NoOutcome, PeerOutcome, notes
from bench.peers.work import Work
from bench.performance.counters import Counters, read_counters
from bench.performance.placement import Placement

FOLDER = Path(__file__).parents[1] / "native"
CONNECTIONS_PER_PROCESS = 19_000
"""A hard limit of 20,000 file descriptors for a process is common; the others are for something else."""


def processes_for(connections: int) -> int:
    """How many processes it takes to hold so many connections."""
    return -(-connections // CONNECTIONS_PER_PROCESS)


@dataclass(frozen=True, slots=True)
class Channel:
    """How messages travel: as they are, through TLS (with this certificate and key), or deflated."""

    name: str = "plain"
    certificate: Path | None = None
    key: Path | None = None
    deflate: bool = False

    def server_options(self) -> list[str]:
        """For the server in C."""
        options = ["--deflate"] if self.deflate else []
        return (
            options if self.certificate is None else [*options, "--cert", str(self.certificate), "--key", str(self.key)]
        )


PLAIN = Channel()


@dataclass(frozen=True, slots=True)
class Server:
    """The server in C, listening on 127.0.0.1."""

    port: int
    secure: bool
    counters_file: Path

    @property
    def url(self) -> str:
        """Where its WebSocket is."""
        return f"{'wss' if self.secure else 'ws'}://127.0.0.1:{self.port}/ws"

    def counters(self) -> Counters:
        """What it has counted until now."""
        return read_counters(self.counters_file)


def build() -> str:
    """Builds both programs if need be; gives the compiler's version. Raises NotInstalled."""
    output_of("make", "--no-print-directory", folder=FOLDER)
    return output_of("cc", "--version").splitlines()[0]


@contextmanager
def running_server(placement: Placement, *, workers: int = 1, channel: Channel = PLAIN) -> Iterator[Server]:
    """The server, which sends every message back, until the end of the context. Raises OSError if it cannot start."""
    with tempfile.TemporaryDirectory(prefix="wavetank-bench-") as folder:
        counters = Path(folder) / "counters"
        command = [str(FOLDER / "build" / "server"), "--port", "0", "--echo", "--workers", str(workers)]
        command += ["--counters", str(counters), *channel.server_options()]
        pin = placement.pin(placement.server)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=pin) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                if not line.strip().isdigit():
                    raise OSError(f"the server did not start: {' '.join(command)}")
                yield Server(int(line), channel.certificate is not None, counters)
            finally:
                process.terminate()


@dataclass(frozen=True, slots=True)
class NativeClient:
    """The client in C, as a `Peer`: the limit that the others are held against."""

    channel: Channel = PLAIN
    name: str = "C client"

    def install(self) -> str:
        """Builds it if need be; gives the compiler's version. Raises NotInstalled."""
        return build()

    def command(self, work: Work, url: str, folder: Path) -> list[str]:
        """See `Peer`. It connects as fast as it can, and its pauses count from send to send."""
        work.write(folder)
        port = url.rsplit(":", 1)[1].split("/")[0]
        report = folder / "report.json"
        command = [str(FOLDER / "build" / "client"), "--port", port, "--connections", str(work.connections)]
        command += ["--workers", str(work.workers), "--seconds", f"{work.length_s:g}", "--text", work.payload]
        command += ["--report", str(report)]
        if work.think_s:
            command += ["--every", f"{1000 * work.think_s:g}"]
        if self.channel.deflate:
            command.append("--deflate")
        return [*command, "--tls"] if self.channel.certificate is not None else command

    def environment(self) -> dict[str, str]:
        """See `Peer`."""
        return dict(os.environ)

    def outcome(self, folder: Path) -> PeerOutcome:
        """See `Peer`."""
        work = Work.read(folder)
        try:
            report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NoOutcome(f"the C client left no report behind: {error}") from error
        return PeerOutcome(
            round_trips=report["round_trips"],
            seconds=report["seconds"],
            connections=report["opened"],
            failures=report["failed"],
            began_at=report["began_at"],
            note=notes(work, report["opened"], report["failed"]),
        )
