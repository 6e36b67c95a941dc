"""How a connection ended, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

from wavetank.errors import UserFailure

NO_CLOSE_FRAME = 1006
NO_CODE = 1005

OUR_CLOSES = {
    1002: ("protocol_error", "the server broke the WebSocket protocol"),
    1007: ("invalid_utf8", "the server sent a text that is not UTF-8"),
    1009: ("message_too_big", "the server sent a message that is too big"),
}


_RESERVED = frozenset((1004, 1005, 1006, 1015))


def may_be_sent(code: int) -> bool:
    """Whether a close frame may carry the code (RFC 6455, 7.4, and the IANA registry of close codes)."""
    return (1000 <= code < 1015 and code not in _RESERVED) or code >= 3000


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended.

    `code` is the server's (RFC 6455, 7.4): 1005 for a close frame without one, 1006 for none at all. `failure` says
    why we ended it, when it was the server's fault.
    """

    code: int
    reason: str
    by_us: bool
    failure: UserFailure | None = None

    def as_failure(self) -> UserFailure:
        """The failure of a user who still needed the connection."""
        if self.failure is not None:
            return self.failure
        if self.by_us:
            return UserFailure("not_connected", "the user has closed its connection before this step")
        if self.code == NO_CLOSE_FRAME:
            return UserFailure("connection_lost", "the connection broke without a close frame")
        said = f" ({self.reason})" if self.reason else ""
        return UserFailure("closed_by_server", f"the server closed the connection with code {self.code}{said}")
