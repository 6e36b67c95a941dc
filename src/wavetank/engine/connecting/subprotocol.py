"""The subprotocol that client and server agree on in the handshake."""

from __future__ import annotations

from collections.abc import Sequence

from wavetank.errors import UserFailure


def agreed_subprotocol(offered: Sequence[str], chosen: str | None) -> str | None:
    """What the server has chosen, if anything. Raises UserFailure(`handshake_invalid`) where that was not offered."""
    if chosen is not None and chosen not in offered:
        raise UserFailure("handshake_invalid", f"the server chose the subprotocol {chosen!r}, which was not offered")
    return chosen
