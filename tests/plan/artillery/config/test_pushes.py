"""`config.push`: what is read, and each mistake told at its line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.artillery.conftest import Problems, Read, script_of
from wavetank.plan.pushes import PushRules
from wavetank.plan.steps import JsonSelector, Match, RegexpSelector

EVENT = {"json": "$.type", "value": "event"}


def pushes(read: Read, **push: Any) -> PushRules | None:
    return read(script_of({"think": 1}, push=push)).plan.push


def test_all_that_is_to_be_measured_is_read(read: Read) -> None:
    rules = pushes(
        read,
        match=[EVENT, {"regexp": "^x", "value": "x"}],
        timestamp="$.t",
        unit="us",
        sequence="$.n",
        channel="$.c",
        clock="server",
        serverTime="$.now",
    )

    assert rules == PushRules(
        matches=(
            Match(selector=JsonSelector(path="$.type"), value="event"),
            Match(selector=RegexpSelector(pattern="^x"), value="x"),
        ),
        timestamp="$.t",
        unit_ns=1000,
        sequence="$.n",
        channel="$.c",
        clock="server",
        server_time="$.now",
    )


def test_milliseconds_of_our_own_clock_are_the_default(read: Read) -> None:
    rules = pushes(read, match=EVENT, timestamp="$.t")

    assert rules is not None
    assert (rules.unit_ns, rules.clock, rules.sequence) == (10**6, "fleet", None)


def test_without_push_nothing_is_measured(read: Read) -> None:
    assert read(script_of({"think": 1})).plan.push is None


@pytest.mark.parametrize(
    ("push", "problem"),
    [
        ("event", "config.push must be a map, not the text 'event'"),
        ({"timestamp": "$.t"}, "config.push does not say which messages are pushes (write match: {json: $.type"),
        ({"match": EVENT}, "config.push measures nothing (give timestamp, sequence, or both)"),
        ({"match": EVENT, "sequence": "$.n", "seqence": "$.n"}, "unknown key 'seqence' in config.push"),
        ({"match": EVENT, "sequence": "$["}, "'$[' is not a JSONPath"),
        ({"match": EVENT, "timestamp": "$.t", "unit": "m"}, "'unit' of config.push must be s, ms, us or ns, not 'm'"),
        ({"match": EVENT, "timestamp": "$.t", "clock": "x"}, "'clock' of config.push must be fleet or server"),
        ({"match": EVENT, "sequence": "$.n", "unit": "s"}, "'unit' of config.push is about a timestamp"),
        ({"match": EVENT, "timestamp": "$.t", "channel": "$.c"}, "'channel' of config.push tells sequences apart"),
        ({"match": EVENT, "timestamp": "$.t", "serverTime": "$.s"}, "that the server makes (add clock: server)"),
        ({"match": {**EVENT, "as": "x"}, "sequence": "$.n"}, "can keep nothing for a user (take 'as' out)"),
        (
            {"match": {**EVENT, "strict": False}, "sequence": "$.n"},
            "a 'match' that is not strict tells no pushes apart",
        ),
        (
            {"match": {**EVENT, "value": "{{ mine }}"}, "sequence": "$.n"},
            "config is filled in before there are users, and 'mine'",
        ),
        ({"match": [], "sequence": "$.n"}, "'match' of config.push is empty"),
    ],
)
def test_each_mistake_is_told(problems: Problems, push: Any, problem: str) -> None:
    script = script_of({"think": 1}, push=push)
    found = problems(script)

    assert len(found) == 1, found
    assert problem in found[0]


def test_now_is_a_variable_that_is_always_there(read: Read) -> None:
    send = {"send": {"payload": {"type": "publish", "timestamp": "{{ $now }}"}}}

    assert not any("$now" in str(warning) for warning in read(script_of(send)).warnings)


def test_now_in_another_unit_than_the_timestamps_is_worth_a_look(read: Read) -> None:
    send = {"send": {"payload": {"type": "publish", "timestamp": "{{ $now }}"}}}
    push = {"match": EVENT, "timestamp": "$.t", "unit": "s"}

    warnings = [str(warning) for warning in read(script_of(send, push=push)).warnings]

    assert any("$now is in milliseconds, and config.push takes timestamps for s" in line for line in warnings)
