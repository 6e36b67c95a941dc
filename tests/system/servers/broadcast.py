"""A server that broadcasts, and drops, repeats or holds back a known share of its deliveries.

Run as `python -m tests.system.servers.broadcast SUBSCRIPTIONS PUBLISHES SHARE SEED`. It prints its port. After the last
of PUBLISHES publishes it sends everybody one more event in each channel, and `{"type":"end"}`. When its stdin is
closed, it prints what it did as JSON, and ends.

The first and the last event of each channel reach every subscriber as they should: what is lost before the first one
seen or after the last one, nobody can tell. Nothing is published before SUBSCRIPTIONS subscriptions are there.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import threading
from dataclasses import asdict, dataclass

import orjson
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

END = b'{"type":"end"}'


@dataclass
class Injected:
    """What the server did to its deliveries. `sent` counts all events that went out, repeated ones too."""

    subscriptions: int = 0
    published: int = 0
    sent: int = 0
    dropped: int = 0
    repeated: int = 0
    held_back: int = 0
    too_early: int = 0  # publishes that came before everybody had subscribed


class Feed:
    """The events of one channel on their way to one subscriber."""

    def __init__(self, transport: WSTransport, server: Broadcaster) -> None:
        self._transport = transport
        self._server = server
        self._held: list[tuple[bytes, int]] = []  # an event, and how many others are to go out before it
        self._begun = False

    def deliver(self, event: bytes, *, last: bool) -> None:
        """Send the event, or do to it what the dice say."""
        server, dice = self._server, self._server.dice
        fault = dice.random() < server.share and self._begun and not last
        self._begun = True
        if not fault:
            self._send(event)
        elif (kind := dice.randrange(3)) == 0:
            server.injected.dropped += 1
        elif kind == 1:
            server.injected.repeated += 1
            self._send(event)
            self._send(event)
        else:
            server.injected.held_back += 1
            self._held.append((event, dice.randint(1, 3)))
        if last:
            for held, _ in self._held:
                self._put(held)
            self._held.clear()

    def _send(self, event: bytes) -> None:
        self._put(event)
        due = [held for held, left in self._held if left == 1]
        self._held = [(held, left - 1) for held, left in self._held if left > 1]
        for held in due:
            self._put(held)

    def _put(self, event: bytes) -> None:
        self._server.injected.sent += 1
        self._transport.send(WSMsgType.TEXT, event)


class Client(WSListener):
    """One connection."""

    def __init__(self, server: Broadcaster) -> None:
        super().__init__()
        self._server = server

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type is WSMsgType.TEXT:
            self._server.receive(transport, orjson.loads(frame.get_payload_as_bytes()))


class Broadcaster:
    """Everybody who is there, and what was done to them."""

    def __init__(self, subscriptions: int, publishes: int, share: float, seed: int) -> None:
        self.share = share
        self.dice = random.Random(seed)
        self.injected = Injected()
        self._subscriptions = subscriptions
        self._publishes = publishes
        self._channels: dict[str, list[Feed]] = {}
        self._sequences: dict[str, int] = {}
        self._subscribers: dict[WSTransport, None] = {}

    def receive(self, transport: WSTransport, message: dict[str, object]) -> None:
        channel = str(message["channel"])
        if message["type"] == "subscribe":
            self._channels.setdefault(channel, []).append(Feed(transport, self))
            self._subscribers[transport] = None
            self.injected.subscriptions += 1
            transport.send(WSMsgType.TEXT, orjson.dumps({"type": "subscribed", "channel": channel}))
            return
        self.injected.published += 1
        self.injected.too_early += self.injected.subscriptions < self._subscriptions
        self._publish(channel, message["timestamp"], last=False)
        transport.send(WSMsgType.TEXT, orjson.dumps({"type": "published", "channel": channel}))
        if self.injected.published == self._publishes:
            for each in self._channels:
                self._publish(each, message["timestamp"], last=True)
            for subscriber in self._subscribers:
                subscriber.send(WSMsgType.TEXT, END)

    def _publish(self, channel: str, timestamp: object, *, last: bool) -> None:
        sequence = self._sequences[channel] = self._sequences.get(channel, 0) + 1
        event = {"type": "event", "channel": channel, "seq": sequence, "timestamp": timestamp}
        data = orjson.dumps(event)
        for feed in self._channels.get(channel, ()):
            feed.deliver(data, last=last)


def _tell(what: object) -> None:
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


async def main(broadcaster: Broadcaster) -> None:
    """Serve until stdin is closed."""

    def accept(request: WSUpgradeRequest) -> WSListener:
        return Client(broadcaster)

    server = await ws_create_server(accept, "127.0.0.1", 0, enable_auto_pong=True)
    _tell(server.sockets[0].getsockname()[1])
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    await over.wait()
    _tell(asdict(broadcaster.injected))
    server.close()


if __name__ == "__main__":
    asyncio.run(main(Broadcaster(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))))
