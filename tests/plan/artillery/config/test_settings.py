"""`config`: what is laid over it, how it is filled in, and what it says about connections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plan.artillery.conftest import Problems, Read, script_of
from wavetank.errors import Where
from wavetank.plan.artillery.merging import merge
from wavetank.plan.artillery.text.node import node_of
from wavetank.plan.phases import Count, Ramp, Rate
from wavetank.plan.steps import Connect, ConnectionOptions, Deflate, Send

SEND = {"send": "x"}
HERE = Where("f")


@pytest.mark.parametrize(
    ("base", "over", "by_index", "replaced"),
    [
        ({"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}, {"a": 1, "b": {"c": 2, "d": 3}}, None),
        ([1, 2, 3], [9], [9, 2, 3], [9]),
        ([{"a": 1}], [{"b": 2}, 5], [{"a": 1, "b": 2}, 5], [{"b": 2}, 5]),
        ({"a": [1]}, {"a": None}, {"a": None}, None),
        (1, {"a": 1}, {"a": 1}, None),
    ],
)
def test_merging_is_that_of_lodash_or_replaces_lists(base: Any, over: Any, by_index: Any, replaced: Any) -> None:
    nodes = node_of(base, HERE), node_of(over, HERE)
    assert merge(*nodes).plain() == by_index
    assert merge(*nodes, replace_lists=True).plain() == (by_index if replaced is None else replaced)


def test_an_environment_is_laid_over_config(read: Read) -> None:
    environments = {"staging": {"target": "wss://staging", "ws": {"headers": {"B": "2"}}}, "other": {}}
    script = script_of(SEND, ws={"headers": {"A": "1"}}, environments=environments)
    assert read(script).plan.target == "ws://localhost:8000"
    plan = read(script, environment="staging").plan
    assert plan.target == "wss://staging"
    assert plan.connection.headers == {"A": "1", "B": "2"}
    assert plan.environment == "staging"


def test_whole_phases_of_an_environment_stand_in_place_of_those_of_config(read: Read) -> None:
    phases = [{"name": "Warm-up", "duration": 60, "arrivalRate": 10}, {"duration": 300, "arrivalRate": 99}]
    own = [{"duration": 10, "arrivalRate": 5, "rampTo": 20}]
    reading = read(script_of(SEND, phases=phases, environments={"e": {"phases": own}}), environment="e")
    assert reading.plan.phases == (Ramp(name="phase 1", duration_s=10, start_rate=5, end_rate=20),)
    assert any("Artillery mixes these phases" in warning.message for warning in reading.warnings)


def test_parts_of_phases_of_an_environment_change_those_of_config(read: Read) -> None:
    phases = [{"name": "A", "duration": 60, "arrivalRate": 10}, {"name": "B", "duration": 300, "arrivalRate": 99}]
    script = script_of(SEND, phases=phases, environments={"e": {"phases": [{"arrivalRate": 5}]}})
    assert read(script, environment="e").plan.phases == (
        Rate(name="A", duration_s=60, rate=5),
        Rate(name="B", duration_s=300, rate=99),
    )


@pytest.mark.parametrize(
    ("environments", "problem"),
    [
        ({"staging": {}}, "unknown environment 'stagin' (did you mean 'staging'?)"),
        (None, "-e: there is no environment 'stagin': config has no environments"),
        ([], "config.environments must be a map, not a list"),
        ({"stagin": 5}, "the environment 'stagin' must be a map, not the number 5"),
        ({"stagin": {}, "b": {"tragt": 1}}, "unknown key 'tragt' in the environment 'b' (did you mean 'target'?)"),
    ],
)
def test_an_environment_that_is_none_is_one_problem(problems: Problems, environments: Any, problem: str) -> None:
    found = problems(script_of(SEND, environments=environments), environment="stagin")
    assert len(found) == 1, found
    assert problem in found[0]


def test_the_options_are_laid_over_in_artillerys_order(read: Read) -> None:
    environments = {"e": {"target": "ws://environment", "variables": {"a": 1, "b": 1, "c": 1}}}
    script = script_of(SEND, environments=environments, phases=[{"duration": 1, "arrivalRate": 1}] * 2)
    plan = read(script, environment="e", target="ws://option").plan
    assert plan.target == "ws://option"
    plan = read(
        script,
        environment="e",
        target="ws://option",
        overrides={"config": {"target": "ws://over", "variables": {"b": 2, "c": 2}, "phases": [{"pause": 1}]}},
        variables={"c": 3},
        seed=5,
    ).plan
    assert (plan.target, plan.variables, len(plan.phases), plan.seed) == ("ws://over", {"a": 1, "b": 2, "c": 3}, 1, 5)


def test_overrides_reach_the_scenarios_and_are_checked(read: Read, problems: Problems) -> None:
    plan = read(script_of(SEND), overrides={"scenarios": [{"engine": "ws", "flow": [{"send": "y"}]}]}).plan
    step = plan.scenarios[0].steps[1]
    assert isinstance(step, Send)
    assert step.payload == "y"
    assert problems(script_of(SEND), overrides={"confg": {}}) == [
        "--overrides: unknown key 'confg' in the script (did you mean 'config'?)"
    ]
    assert "its value cannot be used" in problems(script_of(SEND), overrides={"x-": object()})[0]


def test_config_is_filled_in_once(read: Read, folder: Path) -> None:
    (folder / "local.csv").write_text("anna\n", encoding="utf-8")
    config = {
        "target": "{{ $processEnvironment.SCHEME }}://{{ $env.HOST }}:{{ port }}",
        "phases": [{"duration": "{{ time }}", "arrivalCount": "{{ count }}"}],
        "payload": {"path": "{{ $environment }}.csv", "fields": ["user"]},
        "variables": {"id": "{{ $testId }}", "file": "{{ $scenarioFile }}", "where": "{{ $dirname }}", "host": "h"},
        "environments": {"local": {}},
    }
    reading = read(
        {"config": config, "scenarios": [{"engine": "ws", "flow": [SEND]}]},
        environment="local",
        env={"HOST": "example.com", "SCHEME": "ws"},
        variables={"port": 81, "count": 7, "time": "2m"},
        test_id="t-1",
    )
    plan = reading.plan
    assert plan.target == "ws://example.com:81"
    assert plan.phases == (Count(name="phase 1", duration_s=120, count=7),)
    assert plan.payloads[0].rows == (("anna",),)
    assert {name: plan.variables[name] for name in ("id", "file", "where")} == {
        "id": "t-1",
        "file": "script.yml",
        "where": ".",
    }
    assert reading.warnings == ()


def test_variables_of_config_may_be_used_in_config_with_a_warning(read: Read) -> None:
    reading = read(script_of(SEND, target="ws://{{ host }}", variables={"host": "h"}))
    assert reading.plan.target == "ws://h"
    assert [warning.message for warning in reading.warnings] == [
        "Artillery does not know config.variables.host within config, only what -v gives"
    ]


def test_headers_may_wait_for_the_user(read: Read) -> None:
    reading = read(script_of(SEND, ws={"headers": {"Authorization": "Bearer {{ $uuid }}"}}))
    assert reading.plan.connection.headers == {"Authorization": "Bearer {{ $uuid }}"}
    assert "'$uuid' is undefined there" in reading.warnings[0].message


def test_random_functions_in_config_follow_the_seed(read: Read) -> None:
    script = script_of(SEND, variables={"n": "{{ $randomNumber(1, 1000000) }}"})
    first, again, other = (read(script, seed=seed).plan.variables["n"] for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"target": "ws://{{ $env.HOST }}"}, "the environment variable HOST is not set"),
        ({"target": "ws://{{ nobody }}"}, "'nobody' is not known then (use $env.NAME, or give it with -v)"),
        ({"target": "ws://{{ $environment }}"}, "'$environment' is not known then (choose one with -e)"),
        ({"target": "{{ $foo() }}"}, "There is no template function $foo"),
        ({"target": "localhost"}, "the target 'localhost' is no WebSocket address"),
        ({"target": "ws://"}, "has no usable host and port"),
        ({"target": "ws://h:99999"}, "has no usable host and port"),
        ({"target": ["ws://h"]}, "'target' of config must be a text, not a list"),
        ({"target": None}, "the script has no target (give config.target, or -t URL)"),
        (
            {"target": None, "environments": {"a": {}, "b": {}}},
            "choose an environment with -e (a, b), or give one with -t",
        ),
        ({"variables": 5}, "config.variables must be a map"),
        ({"variables": {"a": []}}, "the variable 'a' is an empty list"),
        ({"timeout": "x"}, "'timeout' of config must be a duration"),
        ({"ws": {"timeout": -1}}, "'timeout' of config.ws must be a duration"),
        ({"ws": 5}, "config.ws must be a map"),
        ({"ws": {"maxpayload": 5}}, "unknown key 'maxpayload' in config.ws (did you mean 'maxPayload'?)"),
        ({"ws": {"rejectUnauthorized": "no"}}, "'rejectUnauthorized' of config.ws must be true or false"),
        ({"ws": {"ca": "missing.pem"}}, "there is no file 'missing.pem'"),
        ({"ws": {"key": "-----BEGIN KEY"}}, "holds a certificate itself (put it into a file"),
        ({"ws": {"proxy": "ftp://x"}}, "begins with none of http://, https://, socks4://, socks5://"),
        ({"ws": {"proxy": {}}}, "'proxy' has no url"),
        ({"ws": {"proxy": {"url": "http://p", "keepAlive": True}}}, "unknown key 'keepAlive' in 'proxy'"),
        ({"ws": {"perMessageDeflate": {"clientMaxWindowBits": 8}}}, "must be a whole number from 9 to 15"),
        ({"ws": {"perMessageDeflate": 5}}, "'perMessageDeflate' of config.ws must be true or false"),
        ({"ws": {"headers": []}}, "'headers' of config.ws must be a map"),
        ({"tls": {"pfx": "x"}}, "unknown key 'pfx' in config.tls"),
        ({"plugins": []}, "'plugins' of config must be a map"),
        ({"defaults": {"think": {"jiter": 1}}}, "unknown key 'jiter' in config.defaults.think"),
        ({"defaults": {"think": {"jitter": "much"}}}, "'jitter' must be a duration"),
        ({"mode": "poison"}, "config.mode must be uniform or poisson"),
        ({"phases": {"duration": 1}}, "config.phases must be a list"),
        ({"strict": "maybe"}, "'strict' of config must be true or false"),
        ({"poolSize": 5}, "unknown key 'poolSize' in config"),
    ],
)
def test_a_mistake_in_config_is_one_problem(problems: Problems, config: Any, problem: str) -> None:
    found = problems(script_of(SEND, **config))
    assert len(found) == 1, found
    assert problem in found[0]


@pytest.mark.parametrize(
    ("config", "warning"),
    [
        ({"http": {"pool": 5}}, "'http' of config has no meaning here"),
        ({"statsInterval": 5}, "'statsInterval' of config has no meaning here"),
        ({"plugins": {"expect": {}}}, "the plugin 'expect' has no meaning here"),
        ({"plugins": {"ensre": {}}}, "the plugin 'ensre' has no meaning here (did you mean 'ensure'?)"),
        ({"apdex": {"threshold": 1}}, "'apdex' of config has no meaning here"),
        ({"targets": []}, "Artillery does not know 'targets' in config"),
        ({"target": "http://h"}, "Artillery's ws engine refuses http://; it is read as ws://"),
        ({"ws": {"maxRedirects": 3}}, "Artillery reads maxRedirects only beside followRedirects: true"),
        ({"defaults": {"headers": {}}}, "'headers' of config.defaults is for HTTP"),
    ],
)
def test_what_has_no_meaning_or_another_one_is_warned_of(read: Read, config: Any, warning: str) -> None:
    warnings = read(script_of(SEND, **config)).warnings
    assert len(warnings) == 1, warnings
    assert warning in str(warnings[0])


def test_the_options_of_the_node_client_are_honoured(read: Read, folder: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (folder / name).write_text("x", encoding="utf-8")
    tls = {"rejectUnauthorized": False, "ca": "ca.pem", "servername": "a"}
    ws = {
        "subprotocols": ["chat"],
        "headers": {"Sec-WebSocket-Protocol": "v1, chat", "X-Number": 5},
        "proxy": {"url": "http://proxy:3128"},
        "timeout": 4,
        "followRedirects": True,
        "maxRedirects": 3,
        "cert": "cert.pem",
        "key": "key.pem",
        "passphrase": "secret",
        "servername": "b",
        "handshakeTimeout": 2500,
        "origin": "https://o",
        "maxPayload": 1000,
        "perMessageDeflate": {"clientNoContextTakeover": True, "serverMaxWindowBits": 10, "threshold": 64},
    }
    plan = read(script_of(SEND, tls=tls, ws=ws)).plan
    assert plan.reply_timeout_s == 4
    assert plan.connection == ConnectionOptions(
        subprotocols=("chat", "v1"),
        headers={"X-Number": "5"},
        origin="https://o",
        proxy="http://proxy:3128",
        handshake_timeout_s=2.5,
        max_redirects=3,
        verify=False,
        ca=Path("ca.pem"),
        cert=Path("cert.pem"),
        key=Path("key.pem"),
        passphrase="secret",
        server_name="b",
        max_message_bytes=1000,
        deflate=Deflate(client_no_context_takeover=True, server_max_window_bits=10, threshold_bytes=64),
    )


@pytest.mark.parametrize(
    ("ws", "expected"),
    [
        ({"perMessageDeflate": True}, ConnectionOptions(deflate=Deflate())),
        ({"perMessageDeflate": False}, ConnectionOptions()),
        ({"followRedirects": True}, ConnectionOptions(max_redirects=10)),
        ({"followRedirects": False, "maxRedirects": 5}, ConnectionOptions()),
        ({"maxPayload": 0}, ConnectionOptions(max_message_bytes=2**31 - 1)),
        ({"handshakeTimeout": 0}, ConnectionOptions()),
        ({"proxy": "http://p"}, ConnectionOptions(proxy="http://p")),
        ({"proxy": "socks5://u:p@p:1080"}, ConnectionOptions(proxy="socks5://u:p@p:1080")),
    ],
)
def test_an_option_may_be_given_in_each_of_its_forms(read: Read, ws: Any, expected: ConnectionOptions) -> None:
    assert read(script_of(SEND, ws=ws)).plan.connection == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("127.0.0.2", ("127.0.0.2",)),
        ("10.0.0.0/24", ("10.0.0.0/24",)),
        (["10.0.0.1", " fd00::/64", "10.0.0.1"], ("10.0.0.1", "fd00::/64")),
        ([], ()),
    ],
)
def test_a_local_address_may_be_one_a_range_or_a_list(read: Read, value: Any, expected: tuple[str, ...]) -> None:
    reading = read(script_of(SEND, ws={"localAddress": value}))
    assert reading.plan.connection.local_addresses == expected
    told = [warning for warning in reading.warnings if "Artillery connects from one address only" in warning.message]
    assert bool(told) == (value != "127.0.0.2")


@pytest.mark.parametrize(
    ("ws", "problem"),
    [
        ({"localAddress": "eth0"}, "'localAddress' of config.ws: 'eth0' is no IP address"),
        ({"localAddress": ["10.0.0.9/24"]}, "write 10.0.0.0/24, or 10.0.0.9 alone"),
        ({"localAddress": 5}, "'localAddress' must be an address of this machine, not the number 5"),
        ({"localAddress": [["10.0.0.1"]]}, "'localAddress' must be an address of this machine, not a list"),
        (
            {"localAddress": "10.0.0.1", "proxy": {"url": "http://p:1"}},
            "localAddress has no effect on connections through a proxy in config.ws (leave one of them out)",
        ),
    ],
)
def test_a_local_address_that_cannot_be_used_is_one_problem(problems: Problems, ws: Any, problem: str) -> None:
    (found,) = problems(script_of(SEND, ws=ws))
    assert problem in found


@pytest.mark.parametrize(
    ("config", "expected"),
    [({}, 10), ({"timeout": 3}, 3), ({"ws": {"timeout": 4}}, 4), ({"timeout": 3, "ws": {"timeout": 4}}, 3)],
)
def test_the_reply_timeout_is_that_of_config_or_ten_seconds(read: Read, config: Any, expected: float) -> None:
    assert read(script_of(SEND, **config)).plan.reply_timeout_s == expected


def test_a_connect_step_with_options_keeps_those_of_config_beside_its_own(read: Read) -> None:
    ws = {"origin": "http://o", "headers": {"A": "1"}, "subprotocols": ["a"]}
    step = {"connect": {"target": "ws://h", "rejectUnauthorized": False, "headers": {"B": "2"}}}
    connect = read(script_of(step, ws=ws)).plan.scenarios[0].steps[0]
    assert isinstance(connect, Connect)
    assert connect.headers == {"B": "2"}
    assert connect.options == ConnectionOptions(
        origin="http://o", verify=False, headers={"A": "1"}, subprotocols=("a",)
    )


def test_the_rest_of_config_comes_into_the_plan(read: Read) -> None:
    plan = read(script_of(SEND, strict=False, headline="ping", variables={"a": [1, 2], "b": {"c": 1}})).plan
    assert (plan.strict, plan.headline, plan.name) == (False, "ping", "script")
    assert plan.variables == {"a": [1, 2], "b": {"c": 1}}
    assert plan.script == Path("script.yml")


def test_keys_that_begin_with_x_are_free_for_anchors(read: Read, problems: Problems) -> None:
    assert read({**script_of(SEND), "x-steps": {"any": ["thing"]}}).warnings == ()
    assert (
        "unknown key 'scenarois' in the script (did you mean 'scenarios'?)"
        in problems({**script_of(SEND), "scenarois": []})[0]
    )


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ([], "script.yml:1: the script must be a map with config and scenarios, not a list"),
        ({"config": {"target": "ws://h"}}, "the script has no scenarios"),
        ({"config": 5, "scenarios": [{"engine": "ws", "flow": [SEND]}]}, "config must be a map, not the number 5"),
    ],
)
def test_a_script_that_is_none_says_what_it_has_to_be(problems: Problems, script: Any, problem: str) -> None:
    assert any(problem in found for found in problems(script))
