"""The command line: what it prints, what it leaves behind, and how it answers to mistakes."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest

from tests.system.command import CommandLine
from tests.system.scripts import PING, script
from tests.system.servers.raw import CLOSE, Peer, RawServer, frame

BLOCK = re.compile(
    r"========================================\n"
    r"WEBSOCKET STRESS TEST RESULTS\n"
    r"========================================\n"
    r"Duration: \d+\.\d\ds\n"
    r"Connections attempted: (?P<attempted>\d+)\n"
    r"Connections successful: (?P<successful>\d+)\n"
    r"Connections failed: (?P<failed>\d+)\n"
    r"Success rate: (?P<rate>\d+\.\d\d)%\n"
    r"Messages sent: (?P<sent>\d+)\n"
    r"Messages received: (?P<received>\d+)\n"
    r"Messages/sec: \d+\.\d\d\n"
    r"\n"
    r"Latency Statistics:\n"
    r"  Average: [\d.]+ms\n"
    r"  P50: [\d.]+ms\n"
    r"  P95: [\d.]+ms\n"
    r"  P99: [\d.]+ms\n"
    r"========================================\n"
)


def block(stdout: str) -> dict[str, str]:
    """The figures of the results block, which must be there letter by letter."""
    found = BLOCK.search(stdout)
    assert found is not None, stdout
    return found.groupdict()


def test_stress_prints_the_block_that_tools_parse(wavetank: CommandLine) -> None:
    outcome = wavetank("stress", "--serve", "--quiet")

    assert outcome.code in (0, 1, 4), outcome.stderr  # a slow machine may miss a target
    assert outcome.errors == {}
    assert block(outcome.stdout) == {
        "attempted": "100",
        "successful": "100",
        "failed": "0",
        "rate": "100.00",
        "sent": "1000",
        "received": "1000",
    }
    assert outcome.counters["vusers.completed"] == 100


@pytest.mark.parametrize(
    ("options", "environment", "users", "messages"),
    [
        ((), {"CONNECTIONS": "3", "MESSAGES": "2"}, 3, 2),
        (("-c", "2"), {"CONNECTIONS": "3", "MESSAGES": "4"}, 2, 4),
        (("-c", "2", "--messages", "3", "--preset", "heavy"), {"MESSAGES": "4"}, 2, 3),
        (("--preset", "medium", "-c", "1"), {}, 1, 20),
    ],
)
def test_an_option_beats_the_environment_beats_the_preset(
    options: tuple[str, ...], environment: dict[str, str], users: int, messages: int, wavetank: CommandLine
) -> None:
    outcome = wavetank("stress", "--serve", *options, env=environment)

    assert block(outcome.stdout)["attempted"] == str(users)
    assert block(outcome.stdout)["sent"] == block(outcome.stdout)["received"] == str(users * messages)


def test_stress_takes_its_url_from_the_environment_and_an_argument_beats_it(wavetank: CommandLine) -> None:
    async def forbid(peer: Peer) -> None:
        server.results.append((await peer.request()).split()[1])
        await peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with RawServer(forbid) as server:
        environment = {"WS_URL": f"{server.url}/from-the-environment", "CONNECTIONS": "1"}
        assert wavetank("stress", env=environment).code == 3
        assert wavetank("stress", f"{server.url}/given", env=environment).code == 3

    assert server.results == [b"/from-the-environment", b"/given"]


def test_stress_against_nothing_is_exit_3_with_a_sentence(wavetank: CommandLine) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = wavetank("stress", f"ws://127.0.0.1:{unused.getsockname()[1]}/ws", "-c", "5")

    assert outcome.code == 3
    assert "Connections failed: 5\n" in outcome.stdout
    assert "Errors encountered:\n" in outcome.stdout
    assert "is the server running there?" in outcome.examples["connect_refused"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "nowhere.yml", "--nonsense"),
        ("run", "nowhere.yml", "--serve", "-t", "ws://127.0.0.1:1"),
        ("run", "nowhere.yml", "-v", "{"),
        ("stress", "ws://127.0.0.1:1", "--serve"),
        ("stress", "ftp://127.0.0.1:1"),
        ("stress", "-c", "0"),
        ("stress", "--preset", "gigantic"),
        ("run", "nowhere.yml"),
    ],
    ids=" ".join,
)
def test_a_usage_error_is_exit_2_and_leaves_nothing(arguments: tuple[str, ...], wavetank: CommandLine) -> None:
    outcome = wavetank(*arguments)

    assert outcome.code == 2
    assert outcome.stdout == ""
    assert outcome.stderr.strip()
    assert not outcome.folder.exists()


def test_mistakes_in_a_script_are_told_at_their_lines_and_nothing_is_sent(wavetank: CommandLine) -> None:
    async def nobody(peer: Peer) -> None:
        await peer.end()

    with RawServer(nobody) as server:
        outcome = wavetank.run(script("- snd: hello", PING, "- think: soon"), server.url)
        assert server.connections == 0

    assert outcome.code == 2
    assert outcome.script is not None
    first, second, count = outcome.stderr.splitlines()
    assert first.startswith(f"{outcome.script}:8: ")
    assert "'send'" in first
    assert second.startswith(f"{outcome.script}:10: ")
    assert count == "2 problems found; nothing was sent."
    assert not outcome.folder.exists()


def test_a_seed_makes_the_same_users(wavetank: CommandLine) -> None:
    async def collect(peer: Peer) -> None:
        await peer.accept()
        while (received := await peer.frame()).opcode != CLOSE:
            server.results.append(received.payload)
        await peer.send(frame(CLOSE, received.payload))

    text = script(
        "- send: 'a {{ $randomNumber(0, 1000000000) }} {{ colour }} {{ $uuid }}'",
        "- send: 'b {{ $randomString(12) }}'",
        config="variables: {colour: [red, green, blue]}",
        users=5,
    )
    sent = []
    for seed in "7", "7", "8":
        with RawServer(collect) as server:
            assert wavetank.run(text, server.url, "--seed", seed).code == 0
        sent.append(sorted(server.results))

    assert len(set(sent[0])) == 10
    assert sent[0] == sent[1]
    assert not set(sent[0]) & set(sent[2])


def test_a_run_folder_holds_the_plan_the_seconds_and_the_summary(wavetank: CommandLine) -> None:
    outcome = wavetank("stress", "--serve", "-c", "2", "-m", "2", "--seed", "5")

    assert {"plan.json", "timeline.jsonl", "summary.json"} <= {path.name for path in outcome.folder.iterdir()}
    plan = json.loads((outcome.folder / "plan.json").read_text(encoding="utf-8"))
    assert '"seed": 5' in json.dumps(plan)
    assert outcome.summary["schema"] == 1
    assert outcome.summary["complete"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", outcome.summary["started_at"])
    for line in (outcome.folder / "timeline.jsonl").read_text(encoding="utf-8").splitlines():
        json.loads(line)


def test_a_run_folder_that_holds_a_run_is_not_written_over(wavetank: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    first = wavetank("stress", "--serve", "-c", "1", "-m", "1", "-o", str(folder))
    before = (folder / "summary.json").read_bytes()

    second = wavetank("stress", "--serve", "-c", "1", "-m", "1", "-o", str(folder))

    assert first.code in (0, 1, 4)
    assert second.code in (2, 3)
    assert str(folder) in second.stderr
    assert (folder / "summary.json").read_bytes() == before
