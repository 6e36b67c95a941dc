"""The grammar of steps: each form means one thing, and each mistake is one message."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.plan.artillery.conftest import Problems, Read, script_of
from wavetank.errors import Where
from wavetank.plan.steps import (
    Capture,
    Close,
    Connect,
    Correlation,
    Expect,
    Function,
    JsonSelector,
    Log,
    Loop,
    Match,
    Pace,
    Ping,
    RegexpSelector,
    Rendezvous,
    Send,
    Settle,
    Think,
    Wait,
)

AT = Where("script.yml", 1)  # a script written as JSON stands in one line
CONNECT = {"connect": "/ws"}
PONG = {"json": "$.type", "value": "pong"}
IS_PONG = Match(selector=JsonSelector(path="$.type"), value="pong")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"think": 2}, Think(where=AT, duration=2)),
        ({"think": "500ms"}, Think(where=AT, duration=0.5)),
        ({"think": 0.5}, Think(where=AT, duration=0.5)),
        ({"think": "1.5"}, Think(where=AT, duration=1.5)),
        ({"think": 0}, Think(where=AT, duration=0)),
        ({"think": "{{ $env.PAUSE }}"}, Think(where=AT, duration="{{ $env.PAUSE }}")),
        ({"log": "hello {{ $uuid }}"}, Log(where=AT, text="hello {{ $uuid }}")),
        ({"log": 5}, Log(where=AT, text="5")),
        ({"ping": {}}, Ping(where=AT)),
        ({"ping": None}, Ping(where=AT)),
        ("ping", Ping(where=AT)),
        ({"ping": "alive"}, Ping(where=AT, name="alive")),
        ({"ping": {"name": "alive", "timeout": "2s"}}, Ping(where=AT, name="alive", timeout_s=2)),
        ({"close": {}}, Close(where=AT)),
        ("close", Close(where=AT)),
        ({"close": 3000}, Close(where=AT, code=3000)),
        ({"close": {"code": 4001, "reason": "bye"}}, Close(where=AT, code=4001, reason="bye")),
        ({"rendezvous": {}}, Rendezvous(where=AT)),
        ("rendezvous", Rendezvous(where=AT)),
        ({"settle": {}}, Settle(where=AT)),
        ("settle", Settle(where=AT)),
        *(
            (
                {"send": {"payload": {"id": 1}, "name": "job", "timeout": 2, "reply": reply}},
                Send(
                    where=AT,
                    payload={"id": 1},
                    encoding="json",
                    name="job",
                    correlation=Correlation(sent="$.id", received=received, timeout_s=2),
                ),
            )
            for reply, received in (
                ("$.id", "$.id"),
                ({"key": "$.id"}, "$.id"),
                ({"key": "$.id", "in": "$.re"}, "$.re"),
            )
        ),
        ({"send": "hello"}, Send(where=AT, payload="hello", encoding="text", name="step-2")),
        ({"send": 5}, Send(where=AT, payload="5", encoding="text", name="step-2")),
        ({"send": True}, Send(where=AT, payload="true", encoding="text", name="step-2")),
        ({"send": '{"type": "hi"}'}, Send(where=AT, payload='{"type": "hi"}', encoding="text", name="hi")),
        ({"send": {"type": "hi"}}, Send(where=AT, payload={"type": "hi"}, encoding="json", name="hi")),
        ({"send": [1, "two"]}, Send(where=AT, payload=[1, "two"], encoding="json", name="step-2")),
        (
            {"send": {"type": "{{ $uuid }}"}},
            Send(where=AT, payload={"type": "{{ $uuid }}"}, encoding="json", name="step-2"),
        ),
        # YMERA's own message has a payload of its own, and is no wrapper.
        (
            {"send": {"type": "agent_message", "payload": {"action": "execute"}}},
            Send(
                where=AT,
                payload={"type": "agent_message", "payload": {"action": "execute"}},
                encoding="json",
                name="agent_message",
            ),
        ),
        ({"send": {"payload": {"type": "hi"}}}, Send(where=AT, payload={"type": "hi"}, encoding="json", name="hi")),
        ({"send": {"payload": "hi"}}, Send(where=AT, payload="hi", encoding="text", name="step-2")),
        ({"send": {"name": "greet", "payload": 5}}, Send(where=AT, payload="5", encoding="text", name="greet")),
        (
            {"send": {"payload": {"type": "ping"}, "match": PONG, "timeout": "3s"}},
            Send(
                where=AT,
                payload={"type": "ping"},
                encoding="json",
                name="ping",
                expect=Expect(matches=(IS_PONG,), timeout_s=3),
            ),
        ),
        (
            {"send": {"type": "ping", "match": PONG}},
            Send(where=AT, payload={"type": "ping"}, encoding="json", name="ping", expect=Expect(matches=(IS_PONG,))),
        ),
        # Not in the form of a rule, so it is a part of the message.
        (
            {"send": {"type": "bet", "match": 5}},
            Send(where=AT, payload={"type": "bet", "match": 5}, encoding="json", name="bet"),
        ),
        (
            {
                "send": {
                    "payload": "x",
                    "capture": [{"json": "$.id", "as": "id"}, {"regexp": "b(.)", "group": 1, "as": "b"}],
                }
            },
            Send(
                where=AT,
                payload="x",
                encoding="text",
                name="step-2",
                expect=Expect(
                    captures=(
                        Capture(selector=JsonSelector(path="$.id"), variable="id"),
                        Capture(selector=RegexpSelector(pattern="b(.)", group=1), variable="b"),
                    )
                ),
            ),
        ),
        (
            {"send": {"binary": base64.b64encode(b"\x00\x01").decode()}},
            Send(where=AT, payload="AAE=", encoding="base64", name="step-2"),
        ),
        ({"send": {"binary": "AA\nE="}}, Send(where=AT, payload="AAE=", encoding="base64", name="step-2")),
        (
            {"wait": {"match": {**PONG, "strict": False}}},
            Wait(
                where=AT,
                name="step-2",
                expect=Expect(matches=(Match(selector=JsonSelector(path="$.type"), value="pong", strict=False),)),
            ),
        ),
        (
            {"wait": {"name": "news", "capture": {"json": "$..x", "multiple": False, "as": "x"}}},
            Wait(
                where=AT,
                name="news",
                expect=Expect(captures=(Capture(selector=JsonSelector(path="$..x", multiple=False), variable="x"),)),
            ),
        ),
        # It is value and as that make a rule a match or a capture, as in Artillery.
        (
            {"wait": {"match": {**PONG, "as": "kind"}}},
            Wait(
                where=AT,
                name="step-2",
                expect=Expect(
                    matches=(IS_PONG,), captures=(Capture(selector=JsonSelector(path="$.type"), variable="kind"),)
                ),
            ),
        ),
        ({"connect": "ws://h/{{ $uuid }}"}, Connect(where=AT, url="ws://h/{{ $uuid }}")),
        ({"connect": None}, Connect(where=AT)),
        ({"connect": {"url": "/other"}}, Connect(where=AT, url="/other")),
        ({"connect": {"target": "/other", "headers": {"A": 1}}}, Connect(where=AT, url="/other", headers={"A": "1"})),
        (
            {"connect": {"subprotocols": "a", "headers": {"sec-websocket-protocol": "b, c"}}},
            Connect(where=AT, subprotocols=("a", "b", "c")),
        ),
    ],
)
def test_a_step_means_what_it_says(read: Read, step: Any, expected: object) -> None:
    steps = read(script_of(CONNECT, step)).plan.scenarios[0].steps
    assert steps == (Connect(where=AT, url="/ws"), expected)


BODY = [{"send": "x"}]
INNER = (Send(where=AT, payload="x", encoding="text", name="step-3"),)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"loop": BODY}, Loop(where=AT, steps=INNER)),
        ({"loop": BODY, "count": 3}, Loop(where=AT, steps=INNER, count=3)),
        ({"loop": BODY, "count": "3"}, Loop(where=AT, steps=INNER, count=3)),
        ({"loop": BODY, "count": -1}, Loop(where=AT, steps=INNER)),
        ({"loop": BODY, "count": "1-15"}, Loop(where=AT, steps=INNER, first=1, count=14)),
        ({"loop": BODY, "count": "{{ $env.N }}"}, Loop(where=AT, steps=INNER, count="{{ $env.N }}")),
        ({"loop": BODY, "over": [1, {"a": 2}]}, Loop(where=AT, steps=INNER, over=(1, {"a": 2}))),
        ({"loop": BODY, "over": []}, Loop(where=AT, steps=INNER, over=())),
        ({"loop": BODY, "over": "names"}, Loop(where=AT, steps=INNER, over="names")),
        ({"loop": BODY, "over": "names", "count": 2}, Loop(where=AT, steps=INNER, over="names")),
        (
            {"loop": BODY, "count": 2, "loopValue": "i", "loopElement": "e"},
            Loop(where=AT, steps=INNER, count=2, value_name="i", element_name="e"),
        ),
        ({"loop": BODY, "count": 20, "every": "50ms"}, Pace(where=AT, steps=INNER, count=20, interval_s=0.05)),
    ],
)
def test_a_loop_goes_round_as_it_says(read: Read, step: Any, expected: object) -> None:
    assert read(script_of(CONNECT, step)).plan.scenarios[0].steps[1] == expected


def test_steps_are_counted_in_the_order_of_reading_nested_ones_included(read: Read) -> None:
    loop = {"loop": [{"send": "a"}, {"loop": [{"wait": {"match": PONG}}], "count": 1}, {"send": "b"}], "count": 2}
    steps = read(script_of({"send": "first"}, loop, {"send": "last"})).plan.scenarios[0].steps
    outer = steps[2]
    assert isinstance(outer, Loop)
    inner = outer.steps[1]
    assert isinstance(inner, Loop)
    names = [getattr(step, "name", None) for step in (*steps, *outer.steps, *inner.steps)]
    assert names == [None, "step-1", None, "step-7", "step-3", None, "step-6", "step-5"]


def test_functions_are_named_with_their_place(read: Read, folder: Path) -> None:
    (folder / "f.py").write_text("def a(c, e): ...\ndef b(params): ...\ndef w(c): ...\n", encoding="utf-8")
    flow = [{"connect": {"function": "b"}}, {"function": "a"}, {"loop": [{"function": "a"}], "whileTrue": "w"}]
    steps = read(script_of(*flow, processor="f.py")).plan.scenarios[0].steps
    assert steps[0] == Connect(where=AT, function="b")
    assert steps[1] == Function(where=AT, name="a")
    assert steps[2] == Loop(where=AT, steps=(Function(where=AT, name="a"),), while_true="w")


def test_a_binary_file_starts_at_the_script_and_is_resolved(read: Read, folder: Path) -> None:
    (folder / "data.bin").write_bytes(b"\x00")
    step = read(script_of({"send": {"binary": {"file": "data.bin"}}})).plan.scenarios[0].steps[1]
    assert isinstance(step, Send)
    assert (step.encoding, step.payload) == ("file", "data.bin")


@pytest.mark.parametrize(
    ("jitter", "amount", "is_share"),
    [("20%", 0.2, True), (500, 0.5, False), ("500", 0.5, False), ("2s", 2, False), ("300%", 1, True)],
)
def test_the_jitter_of_config_is_that_of_every_think(read: Read, jitter: Any, amount: float, is_share: bool) -> None:
    step = read(script_of({"think": 1}, defaults={"think": {"jitter": jitter}})).plan.scenarios[0].steps[1]
    assert step == Think(where=AT, duration=1, jitter=amount, jitter_is_share=is_share)


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({}, "the step is empty"),
        (None, "a step must be a map with one key, not nothing"),
        ("thnik", "a step must be a map with one key, not the text 'thnik'"),
        ({"thnik": 1}, "unknown step 'thnik' (did you mean 'think'?)"),
        ({"get": {"url": "/"}}, "'get' is a step of Artillery's HTTP engine"),
        ({"emit": {"channel": "x"}}, "'emit' is a step of Artillery's Socket.IO engine"),
        ({"think": 1, "jitter": "20%"}, "'jitter' cannot stand in a step (set config.defaults.think.jitter)"),
        ({"send": "x", "match": PONG}, "'match' stands beside 'send' (put it inside send)"),
        ({"send": "x", "think": 1}, "a step has one key, not 'send' and 'think'"),
        ({"think": -1}, "negative"),
        ({"think": "soon"}, "'think' must be a duration: 'soon' is not"),
        ({"think": {}}, "'think' must be a duration: a map is not"),
        ({"think": True}, "'think' must be a duration"),
        ({"think": "{{ }}"}, "A placeholder is empty"),
        ({"function": None}, "'function' must name a function of the processor"),
        ({"log": None}, "'log' has nothing to write"),
        ({"close": 1006}, "no client may close with 1006"),
        ({"close": {"code": 99}}, "'code' of 'close' must be a whole number from 1000 to 4999"),
        ({"close": {"reason": "é" * 62}}, "longer than the 123 bytes"),
        ({"ping": {"nam": "x"}}, "unknown key 'nam' in 'ping' (did you mean 'name'?)"),
        ({"rendezvous": 5}, "'rendezvous' takes nothing"),
        ({"send": None}, "'send' has nothing to send"),
        ({"send": {"payload": None}}, "'send' has nothing to send"),
        ({"send": {"match": PONG}}, "'send' has nothing to send (use wait"),
        ({"send": {"payload": 1, "binary": "AAE="}}, "'send' has both a payload and a binary"),
        ({"send": {"binary": "AAE"}}, "'binary' is not valid base64"),
        ({"send": {"binary": 5}}, "'binary' must be text in base64 or {file: path}"),
        ({"send": {"binary": {"file": "missing"}}}, "there is no file 'missing'"),
        ({"send": {"binary": {}}}, "'binary' has no file"),
        ({"send": {"payload": 1, "timeout": "x"}}, "'timeout' of 'send' must be a duration"),
        ({"send": {"id": 2**70}}, "cannot be sent as JSON"),
        ({"send": {"a": ["{{ $foo() }}"]}}, "There is no template function $foo"),
        ({"send": {"{{ a b": 1}}, "is not closed by }}"),
        ({"send": {"payload": 1, "match": {"json": "$.a"}}}, "'match' does not give the value to compare with"),
        ({"send": {"payload": 1, "capture": {"json": "$.a"}}}, "'capture' does not give 'as'"),
        ({"send": {"payload": 1, "match": {"value": 1}}}, "'match' does not say where to look"),
        ({"send": {"payload": 1, "match": {**PONG, "regexp": "x"}}}, "'match' has json and regexp"),
        ({"send": {"payload": 1, "match": {**PONG, "flags": "i"}}}, "'flags' belongs to a regexp"),
        ({"send": {"payload": 1, "match": 5}}, "'match' must be a map, not the number 5"),
        ({"send": {"payload": 1, "match": [None]}}, "'match' is empty"),
        ({"send": {"payload": 1, "match": {**PONG, "strickt": 1}}}, "unknown key 'strickt' in 'match'"),
        ({"send": {"payload": 1, "match": {"json": "$.{{ x }}", "value": 1}}}, "cannot hold a template"),
        ({"send": {"payload": 1, "match": {"json": "$[", "value": 1}}}, "'$[' is not a JSONPath"),
        ({"send": {"payload": 1, "capture": {"selector": "p", "as": "p"}}}, "'selector' is not supported here"),
        ({"send": {"payload": 1, "capture": {"regexp": "(", "as": "p"}}}, "is not a regular expression"),
        ({"send": {"payload": 1, "capture": {"regexp": "a", "flags": "q", "as": "p"}}}, "the flag 'q' is not one of"),
        ({"send": {"payload": 1, "capture": {"regexp": "a", "group": 1, "as": "p"}}}, "the regexp has no group"),
        ({"send": {"payload": 1, "capture": {"regexp": "a", "multiple": True, "as": "p"}}}, "belongs to a JSONPath"),
        ({"settle": 5}, "'settle' takes nothing"),
        ({"send": {"payload": {"id": 1}, "reply": {}}}, "'reply' has no key (write reply: {key: $.id})"),
        ({"send": {"payload": {"id": 1}, "reply": {"key": "$.id", "inn": "$.re"}}}, "unknown key 'inn' in 'reply'"),
        ({"send": {"payload": {"id": 1}, "reply": "$["}}, "'$[' is not a JSONPath"),
        ({"send": {"payload": {"id": 1}, "reply": "$.id", "match": PONG}}, "both a reply and a match or capture"),
        ({"send": {"binary": "AAE=", "reply": "$.id"}}, "which a binary payload is not"),
        ({"wait": None}, "'wait' needs match or capture, not nothing"),
        ({"wait": 5}, "'wait' needs match or capture, not the number 5 (use think"),
        ({"wait": {"name": "x"}}, "'wait' does not say for which message"),
        ({"connect": 5}, "'connect' must be a URL or a map"),
        ({"connect": "ftp://x"}, "ftp:// is no WebSocket address"),
        ({"connect": {"url": "/a", "target": "/b"}}, "'connect' has both a target and a url"),
        ({"connect": {"function": "f", "target": "/b"}}, "unknown key 'target' in 'connect' with a function"),
        ({"connect": {"header": {}}}, "unknown key 'header' in 'connect' (did you mean 'headers'?)"),
        ({"connect": {"headers": {"a b": 1}}}, "'a b' cannot be the name of a header"),
        ({"connect": {"headers": {"a": "b\nc"}}}, "the header 'a' holds a line break"),
        ({"connect": {"headers": {"a": []}}}, "the header 'a' must be a text"),
        ({"connect": {"subprotocols": ["a b"]}}, "a subprotocol must be a name without spaces"),
        ({"loop": [], "count": 1}, "there are no steps"),
        ({"loop": None}, "the loop has no steps"),
        ({"loop": {"send": 1}}, "the steps must be a list, not a map"),
        ({"loop": BODY, "cuont": 1}, "unknown key 'cuont' in the loop (did you mean 'count'?)"),
        ({"loop": BODY, "count": 1.5}, "'count' of the loop must be a whole number or a range"),
        ({"loop": BODY, "count": "9-3"}, "the range '9-3' ends before it begins"),
        ({"loop": BODY, "over": 5}, "'over' of the loop must be a list or the name of a variable"),
        ({"loop": BODY, "every": 1}, "a loop with 'every' needs a count"),
        ({"loop": BODY, "every": 1, "count": "{{ $env.N }}"}, "must be a plain number"),
        ({"loop": BODY, "every": 0, "count": 1}, "'every' must be more than 0"),
        ({"loop": BODY, "every": 1, "count": 1, "over": "x"}, "'over' cannot stand beside 'every'"),
    ],
)
def test_a_mistake_in_a_step_is_one_problem(problems: Problems, folder: Path, step: Any, problem: str) -> None:
    (folder / "f.py").write_text("def f(params): ...\n", encoding="utf-8")
    found = problems(script_of(step, processor="f.py"))
    assert len(found) == 1, found
    assert problem in found[0]


@pytest.mark.parametrize(
    ("step", "warning"),
    [
        ({"think": 0.5}, "Artillery takes a think of 0.5 for no time at all"),
        ({"think": "1.5"}, "Artillery takes the think '1.5' for milliseconds"),
        ({"connect": "/x"}, "reads connect only if it is the first step"),
        ({"ping": {}}, "Artillery does not know the step 'ping'"),
        ({"close": {}}, "Artillery does not know the step 'close'"),
        ({"rendezvous": {}}, "Artillery does not know the step 'rendezvous'"),
        ({"send": {"payload": 1}}, "Artillery sends the whole map, 'payload' included"),
        ({"send": {"payload": 1, "match": PONG}}, "Artillery takes the next message"),
        ({"wait": {"match": PONG}}, "Artillery takes the next message"),
        ({"wait": {"match": PONG, "timeout": 1}}, "Artillery does not know 'timeout' in 'wait'"),
        ({"send": {"payload": 1, "match": PONG, "timeout": 1}}, "Artillery does not know 'timeout' in 'send'"),
        ({"send": {"type": "x", "match": PONG}}, "Artillery sends nothing, and waits where match or capture"),
        (
            {"send": {"type": "x", "payload": 1, "match": PONG}},
            "Artillery sends only its payload where match or capture",
        ),
        ({"send": {"type": "x", "match": 5}}, "Artillery takes 'match' of this message for a rule"),
        ({"send": {"binary": "AAE="}}, "Artillery does not know 'binary' in 'send'"),
        ({"loop": [{"think": 0}], "count": 1}, "Artillery fails a user at a think of 0 in a loop"),
        ({"loop": BODY, "count": 0}, "Artillery takes a count of 0 for a loop without end"),
        ({"loop": BODY, "count": 1, "over": "x"}, "the loop follows 'over', as Artillery does"),
        ({"loop": BODY, "count": 1, "loopElement": "x"}, "Artillery reads 'loopElement' in HTTP scenarios only"),
        ({"loop": BODY, "count": 1, "every": 1}, "Artillery does not know 'every' in a loop"),
        ({"wait": {"capture": {"regexp": "(x)", "group": 1, "as": "x"}}}, "takes the names of groups, but not"),
    ],
)
def test_a_step_that_artillery_runs_otherwise_is_warned_of(read: Read, step: Any, warning: str) -> None:
    warnings = [problem.message for problem in read(script_of({"think": 1}, step)).warnings]
    assert any(warning in message for message in warnings), warnings


@pytest.mark.parametrize(
    ("step", "warning"),
    [
        ({"connect": {"url": "ws://h/ws"}}, "Artillery does not read 'url'"),
        ({"connect": "/ws"}, "Artillery does not join '/ws' to config.target"),
        ({"connect": {"headers": {"A": "{{ $uuid }}"}}}, "Artillery fills in no templates in the headers of connect"),
        ({"connect": {"target": "ws://h"}}, "Artillery does not use origin of config.ws where connect is a map"),
    ],
)
def test_a_first_connect_that_artillery_makes_otherwise_is_warned_of(read: Read, step: Any, warning: str) -> None:
    warnings = [problem.message for problem in read(script_of(step, ws={"origin": "http://o"})).warnings]
    assert any(warning in message for message in warnings), warnings


def test_a_plain_script_has_nothing_to_warn_of(read: Read) -> None:
    script = """
        config:
          target: ws://localhost:8000
          phases:
            - {duration: 60, arrivalRate: 5}
        scenarios:
          - engine: ws
            flow:
              - connect: "{{ target }}/ws"
              - send: {type: ping}
              - think: 5
              - loop:
                  - send: "{{ $loopCount }}"
                count: 3
    """
    assert read(script).warnings == ()


@pytest.mark.parametrize("depth", [10, 45])
def test_loops_may_be_nested_as_deeply_as_a_person_would(read: Read, depth: int) -> None:
    step: Any = {"send": "x"}
    for _ in range(depth):
        step = {"loop": [step], "count": 1}
    assert read(script_of(step)).plan.scenarios[0].steps
