from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.flow.actor import ListedActor, lived, plan
from wavetank.errors import UserFailure, Where
from wavetank.plan.steps import (
    Close,
    Connect,
    ConnectionOptions,
    Expect,
    JsonSelector,
    Log,
    Loop,
    Match,
    Ping,
    Rendezvous,
    Send,
    Think,
    Wait,
)

HERE = Where("s.yml", 4)
PONG = Expect(matches=(Match(selector=JsonSelector(path="$.type"), value="pong"),))


def sent(payload: object, encoding: Any, variables: dict[str, object] | None = None) -> tuple[bytes, bool]:
    actor = lived(Send(where=HERE, payload=payload, encoding=encoding, name="m"), variables=variables)
    [(kind, name, data, text)] = actor.done
    assert (kind, name) == ("transmit", "m")
    return data, text


@pytest.mark.parametrize(
    ("payload", "encoding", "data", "text"),
    [
        ("hello", "text", b"hello", True),
        ("hello {{ name }}", "text", b"hello Ada", True),
        (5, "text", b"5", True),
        ({"type": "ping"}, "json", b'{"type":"ping"}', True),
        ({"who": "{{ name }}", "n": [1, "{{ count }}"]}, "json", b'{"who":"Ada","n":[1,3]}', True),
        ("aGVsbG8=", "base64", b"hello", False),
        ("{{ packed }}", "base64", b"packed", False),
    ],
)
def test_a_payload_is_sent_as_the_bytes_it_means(payload: object, encoding: str, data: bytes, text: bool) -> None:
    assert sent(payload, encoding, {"name": "Ada", "count": 3, "packed": "cGFja2Vk"}) == (data, text)


def test_now_is_the_time_of_each_rendering() -> None:
    publish = Send(where=HERE, payload={"at": "{{ $now }}"}, encoding="json", name="m")
    say = Send(where=HERE, payload="at {{ $now }}", encoding="text", name="m")
    actor = lived(publish, publish, say, Log(where=HERE, text="{{ $now }}"))

    assert [done[2] for done in actor.done[:3]] == [b'{"at":1000.5}', b'{"at":1001.0}', b"at 1001.5"]
    assert actor.done[3] == ("log", "1002")


def test_a_file_is_sent_as_a_binary_message(tmp_path: Path) -> None:
    frame = tmp_path / "frame.bin"
    frame.write_bytes(b"\x00\xff")
    assert sent(str(frame), "file") == (b"\x00\xff", False)


def test_base64_that_a_variable_breaks_fails_the_user() -> None:
    with pytest.raises(UserFailure, match=r"bad_payload.*no base64"):
        sent("{{ packed }}", "base64", {"packed": "?"})


def test_a_missing_variable_is_named_or_is_the_word_undefined() -> None:
    step = Send(where=HERE, payload="hello {{ nobody }}", encoding="text", name="m")
    with pytest.raises(UserFailure, match=r"undefined_variable.*nobody"):
        lived(step)
    assert lived(step, of=plan(strict=False)).done == [("transmit", "m", b"hello undefined", True)]


def test_a_send_with_an_expectation_is_a_request_that_names_its_place() -> None:
    step = Send(where=HERE, payload={"type": "ping"}, encoding="json", name="ping", expect=PONG)
    [request] = lived(step, of=plan(reply_timeout_s=2.5)).done
    assert request == ("request", "ping", b'{"type":"ping"}', True, 2_500_000_000, "step 'ping' (s.yml:4)")


def test_wait_ping_close_log_and_rendezvous_reach_the_actor() -> None:
    actor = lived(
        Wait(where=HERE, name="news", expect=PONG),
        Ping(where=HERE, timeout_s=1),
        Close(where=HERE, code=4000, reason="bye {{ name }}"),
        Log(where=HERE, text="was {{ name }}"),
        Rendezvous(where=HERE),
        variables={"name": "Ada"},
    )
    assert actor.done == [
        ("expect", "news", "step 'news' (s.yml:4)"),
        ("ping", "ping-frame", 1_000_000_000, "step 'ping-frame' (s.yml:4)"),
        ("close", 4000, "bye Ada"),
        ("log", "was Ada"),
        ("rendezvous",),
    ]


@pytest.mark.parametrize(
    ("duration", "thought"),
    [
        (0.5, ("think", 500_000_000)),
        (0, ("pause",)),
        ("250ms", ("think", 250_000_000)),
        ("{{ t }}", ("think", 2 * 10**9)),
    ],
)
def test_a_think_counts_seconds_from_the_end_of_the_step_before(
    duration: float | str, thought: tuple[object, ...]
) -> None:
    assert lived(Think(where=HERE, duration=duration), variables={"t": 2}).done == [thought]


def test_a_think_that_is_no_duration_fails_the_user_and_names_the_place() -> None:
    with pytest.raises(UserFailure, match=r"bad_duration.*s\.yml:4"):
        lived(Think(where=HERE, duration="{{ t }}"), variables={"t": "soon"})


@pytest.mark.parametrize(("jitter", "is_share", "low", "high"), [(0.5, True, 1.0, 3.0), (0.25, False, 1.75, 2.25)])
def test_jitter_spreads_a_think_by_a_share_or_by_seconds(
    jitter: float, is_share: bool, low: float, high: float
) -> None:
    steps = [Think(where=HERE, duration=2, jitter=jitter, jitter_is_share=is_share)] * 200
    lengths = [entry[1] / 1e9 for entry in lived(*steps).done]
    assert low <= min(lengths) < max(lengths) <= high
    assert len(set(lengths)) > 100


def test_a_connect_joins_its_url_and_adds_its_headers_and_subprotocols() -> None:
    step = Connect(where=HERE, url="/ws?u={{ id }}", headers={"X-User": "{{ id }}"}, subprotocols=("b", "a"))
    options = ConnectionOptions(subprotocols=("a",), headers={"X-All": "yes"})
    actor = lived(step, variables={"id": 7}, of=plan(connection=options))
    assert actor.done == [("connect", "ws://host:1/ws?u=7", ("a", "b"), {"X-All": "yes", "X-User": "7"})]


def test_a_connect_function_may_change_everything(tmp_path: Path) -> None:
    processor = tmp_path / "p.py"
    processor.write_text(
        "async def sign(params, context, done):\n"
        "    params['target'] = params['target'] + '?token=' + context.vars['token']\n"
        "    params['subprotocols'].append('v2')\n"
        "    params['options']['headers']['X-Signed'] = 'yes'\n"
        "    done()\n"
    )
    actor: ListedActor = lived(
        Connect(where=HERE, url="/ws", function="sign"), variables={"token": "t"}, processor=processor
    )
    assert actor.done == [("connect", "ws://host:1/ws?token=t", ("v2",), {"X-Signed": "yes"})]


def test_what_a_connect_function_changes_is_of_that_request_alone(tmp_path: Path) -> None:
    processor = tmp_path / "p.py"
    processor.write_text(
        "def sign(params, context):\n"
        "    headers = params['options']['headers']\n"
        "    headers[f'X-{len(headers)}'] = 'yes'\n"
    )
    connect = Connect(where=HERE, headers={"X-All": "yes"}, function="sign")
    actor = lived(Loop(where=HERE, steps=(connect,), count=2), processor=processor)
    assert [headers for *_, headers in actor.done] == [{"X-All": "yes", "X-1": "yes"}] * 2


def test_a_connect_function_that_breaks_the_request_fails_the_user(tmp_path: Path) -> None:
    processor = tmp_path / "p.py"
    processor.write_text("def sign(params, context):\n    del params['target']\n")
    with pytest.raises(UserFailure, match=r"sign\(\) left params that cannot be used.*s\.yml:4"):
        lived(Connect(where=HERE, function="sign"), processor=processor)


def test_a_connect_function_cannot_set_options_that_are_the_plans(tmp_path: Path) -> None:
    processor = tmp_path / "p.py"
    processor.write_text("def sign(params, context):\n    params['options']['rejectUnauthorized'] = False\n")
    with pytest.raises(UserFailure, match=r"sign\(\) sets rejectUnauthorized, but of the options only headers are"):
        lived(Connect(where=HERE, function="sign"), processor=processor)


@pytest.mark.parametrize("url", ["ftp://{{ host }}", "ftp://h"])
def test_a_url_that_is_none_fails_the_user(url: str) -> None:
    with pytest.raises(UserFailure, match="bad_url"):
        lived(Connect(where=HERE, url=url), variables={"host": "h"})
