"""What the doctor is asked: how many users, and where their server is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from wavetank.engine.connecting.sources import LOOPBACK_ADDRESSES


class Place(StrEnum):
    """Where the server is. ANYWHERE: nobody said."""

    ANYWHERE = "anywhere"
    LOOPBACK = "loopback"
    THIS_MACHINE = "this machine"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Is this machine ready for `users` at once? `spreads`: connections come from all of 127.0.0.0/8 by themselves."""

    users: int
    place: Place = Place.ANYWHERE
    spreads: bool = False

    @property
    def is_here(self) -> bool:
        """Whether the server is known to be on this machine, which then carries both ends."""
        return self.place in (Place.LOOPBACK, Place.THIS_MACHINE)

    @property
    def ends(self) -> int:
        """How many sockets of this machine a connection takes."""
        return 2 if self.is_here else 1

    @property
    def addresses(self) -> int:
        """From how many addresses connections come without being told."""
        return LOOPBACK_ADDRESSES if self.spreads else 1
