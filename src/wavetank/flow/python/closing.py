"""How a Python scenario learns that its connection is closed: by the exceptions of the `websockets` library.

Code that was written for it catches them. Where nobody does, they fail the user like any other failure.
"""

from __future__ import annotations

from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK
from websockets.frames import Close

from wavetank.errors import UserFailure

NO_CLOSE_FRAME = 1006
_NORMAL = (1000, 1001, 1005)


class _Closed(UserFailure):
    reason = ""  # the exceptions of the library have a property of this name, which cannot be set

    def __init__(self, failure: UserFailure, code: int, reason: str) -> None:
        received = None if code == NO_CLOSE_FRAME else Close(code, reason)
        # The library's own way to say who closed first; of a connection that broke it knows neither frame.
        assert isinstance(self, ConnectionClosed)
        ConnectionClosed.__init__(self, received, received, None if received is None else True)
        self.kind, self.reason = failure.kind, failure.reason


class ClosedNormally(_Closed, ConnectionClosedOK):
    """The connection was closed with 1000, 1001 or no code."""


class ClosedByFault(_Closed, ConnectionClosedError):
    """The connection was closed with another code, or broke."""


def closed_failure(failure: UserFailure, code: int, reason: str) -> ClosedNormally | ClosedByFault:
    """The exception for a connection that ended so; `failure` says what that is counted as."""
    return (ClosedNormally if code in _NORMAL else ClosedByFault)(failure, code, reason)
