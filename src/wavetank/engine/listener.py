"""What picows calls: thin, since its classes cannot be inherited from by compiled ones."""

from __future__ import annotations

from picows import WSFrame, WSListener, WSTransport

from wavetank.engine.connection import Connection


class Listener(WSListener):
    """Passes all that comes on to a connection."""

    __slots__ = ("connection",)

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection

    def on_ws_connected(self, transport: WSTransport) -> None:
        """See `Connection.connected`."""
        self.connection.connected(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """See `Connection.take`."""
        self.connection.take(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """See `Connection.disconnected`."""
        self.connection.disconnected(transport)
