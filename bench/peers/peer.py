"""What all peers have in common."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.peers.work import Work


class NotInstalled(RuntimeError):
    """A peer could not be installed; the text says why."""


class NoOutcome(RuntimeError):
    """A peer ran and left nothing behind that says what it did; the text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerOutcome:
    """What a peer did in the seconds that count.

    `round_trips` are replies that were decoded and found right. `connections` were open before the seconds began, at
    `began_at` (Unix time, so that whoever watches its processor time from outside can cut out the same stretch).
    `failures` are replies that were wrong or did not come, and connections that failed. `note` says where the work
    was not quite the one asked for; empty where it was.
    """

    round_trips: int
    seconds: float
    connections: int
    failures: int
    began_at: float
    note: str = ""

    @property
    def rate(self) -> float:
        """Round trips per second."""
        return self.round_trips / self.seconds if self.seconds else 0.0


class Peer(Protocol):
    """A load generator that is not ours."""

    @property
    def name(self) -> str:
        """As tables name it."""

    def install(self) -> str:
        """Installs it if need be; gives its versions, for the page. Raises NotInstalled."""

    def command(self, work: Work, url: str, folder: Path) -> list[str]:
        """The command that does the work against `url` (ws://host:port/path) and ends by itself.

        `folder` exists, is empty, and takes what it needs and what it leaves behind. Raises OSError.
        """

    def environment(self) -> dict[str, str]:
        """The whole environment that the command wants: this process's own, and more."""

    def outcome(self, folder: Path) -> PeerOutcome:
        """What it did, once it has ended. Raises NoOutcome."""


def notes(work: Work, connections: int, failures: int, *more: str) -> str:
    """The note of an outcome: what is missing of the work, and what else there is to say."""
    said = []
    if connections < work.connections:
        said.append(f"only {connections:,} of {work.connections:,} connections were open in time")
    if failures:
        said.append(f"{failures:,} failures")
    return "; ".join([*said, *more])
