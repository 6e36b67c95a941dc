"""The YMERA protocol without sockets: messages in, replies and deliveries out.

A driver (picows in `target.server`, FastAPI in `examples/ymera`) makes one `Session` for each connection,
gives it every message that arrives, and is called back with every message that is to go out. The wire format:

    client sends                                   the answer
    {"type":"ping"}                                {"type":"pong"}
    {"type":"subscribe","channel":c}               {"type":"subscribed","channel":c}
    {"type":"unsubscribe","channel":c}             {"type":"unsubscribed","channel":c}
    {"type":"agent_message","from":a,"to":b,       {"type":"agent_response","from":b,"to":a,
     "payload":                                     "payload":{"status":"processed","action":x,"data":d},
     {"action":x,"timestamp":t,"data":d}}           "timestamp":t}
    {"type":"publish","channel":c,"data":d,        {"type":"published","channel":c,"seq":n}; then to every
     "timestamp":t}                                 subscriber {"type":"event","channel":c,"seq":n,
                                                    "timestamp":t,"data":d}
    {"type":"disconnect"}                          {"type":"disconnect_ack"}; then the driver closes with 1000
    any other object                               {"type":"message","data":<the object>}
    anything else                                  {"type":"error","error":"<what>"}; the session goes on
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

PONG: Final = b'{"type":"pong"}'
"""The answer to a ping."""

DISCONNECT_ACK: Final = b'{"type":"disconnect_ack"}'
"""The last message of a session that ended itself."""

BINARY_REFUSED: Final = b'{"type":"error","error":"a binary message is not understood: send JSON as text"}'
"""What a driver answers to a binary message: the protocol is made of text, so bytes are a mistake."""

ACTIONS: Final = ("execute", "status")
"""What an agent can be asked to do."""

_KINDS: Final[Mapping[type, str]] = {
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    dict: "an object",
    list: "an array",
    type(None): "null",
}


class _FieldError(Exception):
    """A message of a known type that cannot be acted on; the text says what is wrong with it."""


class _Channel:
    """Who hears of a channel's events, and the number of its last event."""

    __slots__ = ("sequence", "subscribers")

    def __init__(self) -> None:
        self.sequence = 0
        self.subscribers: dict[Session, None] = {}


class _Channels:
    """Every channel that somebody subscribes to or has published on, by its name."""

    __slots__ = ("_by_name",)

    def __init__(self) -> None:
        self._by_name: dict[str, _Channel] = {}

    def open(self, name: str) -> _Channel:
        channel = self._by_name.get(name)
        if channel is None:
            channel = self._by_name[name] = _Channel()
        return channel

    def unsubscribe(self, session: Session, name: str) -> None:
        channel = self._by_name.get(name)
        if channel is None:
            return
        channel.subscribers.pop(session, None)
        # A channel that was published on is kept for good: forgotten, it would count from 1 again.
        if not channel.subscribers and not channel.sequence:
            del self._by_name[name]


class Platform:
    """The sessions of one server, and the channels that they share."""

    __slots__ = ("channels", "connections")

    def __init__(self) -> None:
        self.channels = _Channels()
        self.connections = 0
        """How many sessions are there now."""

    def connect(self, deliver: Callable[[bytes], None]) -> Session:
        """A new session. `deliver` sends one message (JSON, UTF-8) to its client.

        `deliver` is called from inside `Session.receive`, also from that of another session, so it must
        neither block nor raise, and it does nothing once the connection is closed.
        """
        self.connections += 1
        return Session(self, deliver)

    def health(self) -> bytes:
        """The body of `GET /health`, as JSON."""
        return b'{"status":"healthy","websocket_connections":%d}' % self.connections


class Session:
    """One client's side of the platform, from its connection to its end."""

    __slots__ = ("_open", "_platform", "_subscriptions", "deliver")

    def __init__(self, platform: Platform, deliver: Callable[[bytes], None]) -> None:
        self.deliver = deliver
        self._platform = platform
        self._subscriptions: set[str] = set()
        self._open = True

    def receive(self, message: bytes | str) -> bool:
        """Answers one text message; every reply and delivery has gone out when this returns.

        Returns whether the session goes on. If not, the driver closes the connection with code 1000.
        A message that comes after the end is not answered.
        """
        if not self._open:
            return False
        try:
            request = orjson.loads(message)
        except orjson.JSONDecodeError as error:
            self.deliver(_error(f"not JSON: {error}"))
            return True
        if type(request) is not dict:
            self.deliver(_error(f"a message must be a JSON object, not {_KINDS[type(request)]}"))
            return True
        try:
            match request.get("type"):
                case "ping":
                    self.deliver(PONG)
                case "agent_message":
                    self.deliver(_agent_response(request))
                case "subscribe":
                    self._subscribe(_field(request, "channel", str))
                case "unsubscribe":
                    self._unsubscribe(_field(request, "channel", str))
                case "publish":
                    self._publish(request)
                case "disconnect":
                    self.leave()
                    self.deliver(DISCONNECT_ACK)
                case _:
                    # The text itself goes back, not what was read from it: numbers stay as they were.
                    text = message.encode() if isinstance(message, str) else message
                    self.deliver(b'{"type":"message","data":%b}' % text)
        except _FieldError as error:
            self.deliver(_error(f"{request['type']}: {error}"))
        except orjson.JSONEncodeError:
            # orjson reads deeper nesting than it writes.
            self.deliver(_error(f"{request['type']}: the data is nested too deeply"))
        return self._open

    def leave(self) -> None:
        """Ends the session: it hears of no more events. Harmless when it has ended already."""
        if not self._open:
            return
        self._open = False
        self._platform.connections -= 1
        for name in self._subscriptions:
            self._platform.channels.unsubscribe(self, name)
        self._subscriptions.clear()

    def _subscribe(self, name: str) -> None:
        self._subscriptions.add(name)
        self._platform.channels.open(name).subscribers[self] = None
        self.deliver(orjson.dumps({"type": "subscribed", "channel": name}))

    def _unsubscribe(self, name: str) -> None:
        self._subscriptions.discard(name)
        self._platform.channels.unsubscribe(self, name)
        self.deliver(orjson.dumps({"type": "unsubscribed", "channel": name}))

    def _publish(self, request: dict[str, Any]) -> None:
        name = _field(request, "channel", str)
        if "data" not in request:
            raise _FieldError("data is missing; it may be any JSON value")
        timestamp = _field(request, "timestamp", int, float) if "timestamp" in request else None
        channel = self._platform.channels.open(name)
        sequence = channel.sequence + 1
        event = orjson.dumps(
            {
                "type": "event",
                "channel": name,
                "seq": sequence,
                "timestamp": timestamp,
                "data": request["data"],
            }
        )
        # Only now is the number used up: an event that could not be written leaves no gap.
        channel.sequence = sequence
        self.deliver(orjson.dumps({"type": "published", "channel": name, "seq": sequence}))
        # A copy, because a driver may drop a client that is too far behind, which then leaves in the middle.
        for subscriber in tuple(channel.subscribers):
            subscriber.deliver(event)


def _agent_response(request: dict[str, Any]) -> bytes:
    """The agent's answer. The timestamp is passed through, so that latency can be told from one clock."""
    sender = _field(request, "from", str)
    receiver = _field(request, "to", str)
    payload = _field(request, "payload", dict)
    action = _field(payload, "action", str, of="payload.")
    if action not in ACTIONS:
        raise _FieldError(f"payload.action must be {' or '.join(ACTIONS)}, not {action!r:.40}")
    timestamp = _field(payload, "timestamp", int, float, of="payload.")
    return orjson.dumps(
        {
            "type": "agent_response",
            "from": receiver,
            "to": sender,
            "payload": {"status": "processed", "action": action, "data": payload.get("data", {})},
            "timestamp": timestamp,
        }
    )


def _field(request: dict[str, Any], name: str, *kinds: type, of: str = "") -> Any:
    """The field's value, of one of `kinds` exactly (a boolean is no number). `of` is the path to it."""
    value = request.get(name)
    if type(value) in kinds:
        return value
    wanted = _KINDS[kinds[0]]
    if name not in request:
        raise _FieldError(f"{of}{name} is missing; it must be {wanted}")
    raise _FieldError(f"{of}{name} must be {wanted}, not {_KINDS[type(value)]}")


def _error(what: str) -> bytes:
    return orjson.dumps({"type": "error", "error": what})
