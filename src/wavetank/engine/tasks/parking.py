"""Waiting for `resume`: what the coroutine of a `Driver` awaits, from `Driver.park`."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, cast

PARKED: Final = object()
_ONCE: Final = (PARKED,)


class Parking:
    """Lasts until somebody calls `resume` or `throw` of the `Driver` that runs. It gives nothing."""

    __slots__ = ()

    def __await__(self) -> Generator[object, None, None]:
        # Users wait millions of times, and no generator begins and ends as fast as an iterator of one thing.
        return cast("Generator[object, None, None]", iter(_ONCE))


PARKING: Final = Parking()
