"""The wire table of YMERA, line by line, and the laws of channels."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.target.platform import Platform, Session

AGENT_MESSAGE = {
    "type": "agent_message",
    "from": "user_123",
    "to": "agent_456",
    "payload": {"action": "execute", "timestamp": 1234567890, "data": {}},
}


class Client:
    """A session, and what it was sent, read back from JSON."""

    def __init__(self, platform: Platform) -> None:
        self.inbox: list[Any] = []
        self.session: Session = platform.connect(lambda message: self.inbox.append(json.loads(message)))

    def say(self, message: object) -> list[Any]:
        """Sends one message; what came in for it."""
        before = len(self.inbox)
        self.session.receive(message if isinstance(message, str | bytes) else json.dumps(message))
        return self.inbox[before:]

    @property
    def events(self) -> list[Any]:
        return [message for message in self.inbox if message["type"] == "event"]


def without(message: dict[str, Any], *path: str) -> dict[str, Any]:
    *parents, last = path
    copy: dict[str, Any] = json.loads(json.dumps(message))
    inner = copy
    for key in parents:
        inner = inner[key]
    del inner[last]
    return copy


def replaced(message: dict[str, Any], value: object, *path: str) -> dict[str, Any]:
    *parents, last = path
    copy: dict[str, Any] = json.loads(json.dumps(message))
    inner = copy
    for key in parents:
        inner = inner[key]
    inner[last] = value
    return copy


WIRE_TABLE: list[tuple[object, list[object]]] = [
    ({"type": "ping"}, [{"type": "pong"}]),
    ({"type": "subscribe", "channel": "agents"}, [{"type": "subscribed", "channel": "agents"}]),
    ({"type": "unsubscribe", "channel": "agents"}, [{"type": "unsubscribed", "channel": "agents"}]),
    (
        AGENT_MESSAGE,
        [
            {
                "type": "agent_response",
                "from": "agent_456",
                "to": "user_123",
                "payload": {"status": "processed", "action": "execute", "data": {}},
                "timestamp": 1234567890,
            }
        ],
    ),
    ({"type": "disconnect"}, [{"type": "disconnect_ack"}]),
    ({"type": "publish", "channel": "c", "data": 1}, [{"type": "published", "channel": "c", "seq": 1}]),
    ({"type": "dance"}, [{"type": "message", "data": {"type": "dance"}}]),
    ({"no": "type"}, [{"type": "message", "data": {"no": "type"}}]),
    ({"type": ["ping"]}, [{"type": "message", "data": {"type": ["ping"]}}]),
    ({}, [{"type": "message", "data": {}}]),
]


@pytest.mark.parametrize(("message", "answers"), WIRE_TABLE, ids=lambda value: json.dumps(value)[:40])
@pytest.mark.parametrize("as_bytes", [False, True], ids=["text", "bytes"])
def test_every_line_of_the_wire_table_is_answered_as_it_says(
    message: object, answers: list[object], as_bytes: bool
) -> None:
    text = json.dumps(message)

    assert Client(Platform()).say(text.encode() if as_bytes else text) == answers


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("ping", "not JSON: "),
        ("", "not JSON: "),
        ('{"type":"ping"} {}', "not JSON: "),
        ('{"type":"ping","x":NaN}', "not JSON: "),
        ("[" * 2000 + "]" * 2000, "not JSON: "),
        ("[]", "a message must be a JSON object, not an array"),
        ('"ping"', "a message must be a JSON object, not a string"),
        ("1", "a message must be a JSON object, not a number"),
        ("1.5", "a message must be a JSON object, not a number"),
        ("true", "a message must be a JSON object, not a boolean"),
        ("null", "a message must be a JSON object, not null"),
        ({"type": "subscribe"}, "subscribe: channel is missing; it must be a string"),
        ({"type": "subscribe", "channel": 7}, "subscribe: channel must be a string, not a number"),
        ({"type": "unsubscribe", "channel": None}, "unsubscribe: channel must be a string, not null"),
        ({"type": "publish", "data": 1}, "publish: channel is missing; it must be a string"),
        ({"type": "publish", "channel": "c"}, "publish: data is missing; it may be any JSON value"),
        (
            {"type": "publish", "channel": "c", "data": 1, "timestamp": "now"},
            "publish: timestamp must be a number, not a string",
        ),
        (without(AGENT_MESSAGE, "from"), "agent_message: from is missing; it must be a string"),
        (replaced(AGENT_MESSAGE, {}, "to"), "agent_message: to must be a string, not an object"),
        (without(AGENT_MESSAGE, "payload"), "agent_message: payload is missing; it must be an object"),
        (replaced(AGENT_MESSAGE, [], "payload"), "agent_message: payload must be an object, not an array"),
        (
            without(AGENT_MESSAGE, "payload", "action"),
            "agent_message: payload.action is missing; it must be a string",
        ),
        (
            replaced(AGENT_MESSAGE, "dance", "payload", "action"),
            "agent_message: payload.action must be execute or status, not 'dance'",
        ),
        (
            without(AGENT_MESSAGE, "payload", "timestamp"),
            "agent_message: payload.timestamp is missing; it must be a number",
        ),
        (
            replaced(AGENT_MESSAGE, True, "payload", "timestamp"),
            "agent_message: payload.timestamp must be a number, not a boolean",
        ),
    ],
)
def test_a_message_that_is_wrong_is_answered_with_what_is_wrong_and_the_session_goes_on(
    message: object, what: str
) -> None:
    client = Client(Platform())

    (answer,) = client.say(message)

    assert answer["type"] == "error"
    assert answer["error"].startswith(what)
    assert client.say({"type": "ping"}) == [{"type": "pong"}]


@pytest.mark.parametrize("kind", ["agent_message", "publish"])
def test_data_nested_deeper_than_can_be_written_is_refused_and_uses_up_no_number(kind: str) -> None:
    client = Client(Platform())
    deep: object = 1
    for _ in range(400):
        deep = [deep]
    message = (
        replaced(AGENT_MESSAGE, deep, "payload", "data")
        if kind == "agent_message"
        else {"type": "publish", "channel": "c", "data": deep}
    )

    assert client.say(message) == [{"type": "error", "error": f"{kind}: the data is nested too deeply"}]
    assert client.say({"type": "publish", "channel": "c", "data": 1})[0]["seq"] == 1
    # What is only sent back is not written anew, so its depth does not matter.
    assert client.say({"deep": deep}) == [{"type": "message", "data": {"deep": deep}}]


def test_an_agent_answers_status_and_passes_data_and_timestamp_through() -> None:
    message = replaced(AGENT_MESSAGE, {"n": [1, "ü", None]}, "payload", "data")
    message = replaced(replaced(message, "status", "payload", "action"), 0.125, "payload", "timestamp")

    (answer,) = Client(Platform()).say(message)

    assert answer["payload"] == {"status": "processed", "action": "status", "data": {"n": [1, "ü", None]}}
    assert answer["timestamp"] == 0.125


def test_an_unknown_object_comes_back_exactly_as_it_was_written() -> None:
    platform = Platform()
    sent: list[bytes] = []
    text = '{ "b": 1.50, "a": 123456789012345678901234567890, "ü": "\\u00fc" }'

    platform.connect(sent.append).receive(text)

    assert sent == [b'{"type":"message","data":' + text.encode() + b"}"]


def test_after_disconnect_nothing_is_answered_and_no_event_is_heard() -> None:
    platform = Platform()
    leaving, staying = Client(platform), Client(platform)
    leaving.say({"type": "subscribe", "channel": "agents"})

    assert leaving.session.receive('{"type":"ping"}') is True
    assert leaving.session.receive('{"type":"disconnect"}') is False
    assert leaving.session.receive('{"type":"ping"}') is False
    staying.say({"type": "publish", "channel": "agents", "data": 1})

    assert leaving.inbox[-1] == {"type": "disconnect_ack"}
    assert platform.connections == 1


def test_an_event_goes_to_every_subscriber_the_sender_included_with_the_publishers_timestamp() -> None:
    platform = Platform()
    publisher, other, stranger = Client(platform), Client(platform), Client(platform)
    for client in (publisher, other):
        client.say({"type": "subscribe", "channel": "agents"})
        client.say({"type": "subscribe", "channel": "agents"})

    answers = publisher.say({"type": "publish", "channel": "agents", "timestamp": 7, "data": {"x": 1}})

    event = {"type": "event", "channel": "agents", "seq": 1, "timestamp": 7, "data": {"x": 1}}
    assert answers == [{"type": "published", "channel": "agents", "seq": 1}, event]
    assert other.events == [event]
    assert stranger.inbox == []


def test_a_subscriber_who_is_dropped_in_the_middle_of_an_event_costs_the_others_nothing() -> None:
    platform = Platform()
    dropped = platform.connect(lambda message: dropped.leave() if b'"event"' in message else None)
    dropped.receive('{"type":"subscribe","channel":"c"}')
    others = [Client(platform) for _ in range(3)]
    for client in others:
        client.say({"type": "subscribe", "channel": "c"})

    for _ in range(2):
        others[0].say({"type": "publish", "channel": "c", "data": 1})

    assert [[event["seq"] for event in client.events] for client in others] == [[1, 2]] * 3
    assert platform.connections == 3


def test_health_counts_the_sessions_up_and_down_and_no_session_twice() -> None:
    platform = Platform()
    first, _second = Client(platform), Client(platform)

    assert json.loads(platform.health()) == {"status": "healthy", "websocket_connections": 2}
    first.session.leave()
    first.session.leave()
    assert json.loads(platform.health()) == {"status": "healthy", "websocket_connections": 1}


CLIENTS = st.integers(0, 3)
CHANNELS = st.sampled_from(["agents", "metrics", ""])
ACTS = st.lists(
    st.tuples(st.sampled_from(["subscribe", "unsubscribe", "publish", "leave"]), CLIENTS, CHANNELS),
    max_size=60,
)


@given(ACTS)
def test_whatever_comes_in_between_each_subscriber_gets_each_event_once_and_no_number_is_missing(
    acts: list[tuple[str, int, str]],
) -> None:
    platform = Platform()
    clients = [Client(platform) for _ in range(4)]
    gone: set[int] = set()
    subscribers: defaultdict[str, set[int]] = defaultdict(set)
    published: defaultdict[str, int] = defaultdict(int)
    expected: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    for number, (act, index, channel) in enumerate(acts):
        client = clients[index]
        if act == "leave":
            client.session.leave()
            gone.add(index)
            for members in subscribers.values():
                members.discard(index)
            continue
        answers = client.say({"type": act, "channel": channel, "data": number})
        if index in gone:
            assert answers == []
        elif act == "subscribe":
            subscribers[channel].add(index)
        elif act == "unsubscribe":
            subscribers[channel].discard(index)
        else:
            published[channel] += 1
            assert answers[0] == {"type": "published", "channel": channel, "seq": published[channel]}
            for subscriber in subscribers[channel]:
                expected[subscriber].append((channel, published[channel]))

    for index, client in enumerate(clients):
        assert [(event["channel"], event["seq"]) for event in client.events] == expected[index]
    assert platform.connections == 4 - len(gone)


@given(st.lists(CHANNELS))
def test_a_channel_that_nobody_has_published_on_is_forgotten_with_its_last_subscriber(
    names: list[str],
) -> None:
    platform = Platform()
    client = Client(platform)
    for name in names:
        client.say({"type": "subscribe", "channel": name})

    client.session.leave()

    assert platform.channels._by_name == {}
