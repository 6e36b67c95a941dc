"""What the peers are asked to do, and how what they leave behind is read; nothing is installed or run here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench.peers import PEERS
from bench.peers.artillery import Artillery, script_of
from bench.peers.installing import complaint, output_of
from bench.peers.k6 import K6
from bench.peers.locust import Locust
from bench.peers.peer import NoOutcome, NotInstalled, Peer, PeerOutcome
from bench.peers.work import Work

WORK = Work(100, 5.0, think_s=0.5, connect_s=2.0)
URL = "ws://127.0.0.1:1/ws"
EACH = pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)


@EACH
def test_a_command_leaves_the_work_in_the_folder_and_names_the_server(peer: Peer, tmp_path: Path) -> None:
    command = peer.command(WORK, URL, tmp_path)
    assert Work.read(tmp_path) == WORK
    written = " ".join([*command, *(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())])
    assert URL in written


@EACH
def test_an_environment_is_whole(peer: Peer) -> None:
    assert "PATH" in {name.upper() for name in peer.environment()}


@EACH
def test_a_peer_that_left_nothing_behind_has_no_outcome(peer: Peer, tmp_path: Path) -> None:
    WORK.write(tmp_path)
    with pytest.raises(NoOutcome, match=peer.name):
        peer.outcome(tmp_path)


def test_locust_counts_what_was_right_in_the_seconds_that_count(tmp_path: Path) -> None:
    WORK.write(tmp_path)
    (tmp_path / "window.json").write_text('{"began_at": 12.5}', encoding="utf-8")
    rows = ["Type,Name,Request Count,Failure Count", "WebSocket,connect,98,0", 'WebSocket,"connect, late",2,0']
    rows += ["WebSocket,round trip,1000,3", 'WebSocket,"round trip, outside",400,0', ",Aggregated,1500,3"]
    (tmp_path / "locust_stats.csv").write_text("\n".join(rows), encoding="utf-8")
    assert Locust().outcome(tmp_path) == PeerOutcome(
        round_trips=997,
        seconds=5.0,
        connections=98,
        failures=3,
        began_at=12.5,
        note="only 98 of 100 connections were open in time; 3 failures",
    )


def test_k6_counts_what_was_right_in_the_seconds_that_count(tmp_path: Path) -> None:
    WORK.write(tmp_path)
    metrics = {
        "reply_time": {"values": {"count": 1000, "med": 1}},
        "opened": {"values": {"count": 100, "rate": 1}},
        "began_at": {"values": {"value": 12500, "min": 12500, "max": 12500}},
    }
    (tmp_path / "summary.json").write_text(json.dumps({"metrics": metrics}), encoding="utf-8")
    outcome = K6().outcome(tmp_path)
    assert outcome == PeerOutcome(round_trips=1000, seconds=5.0, connections=100, failures=0, began_at=12.5)
    assert outcome.rate == 200


def test_artillery_counts_what_was_right_and_says_what_it_does_not_measure(tmp_path: Path) -> None:
    WORK.write(tmp_path)
    counters = {"bench.opened": 100, "bench.round_trips": 1000, "vusers.failed": 0}
    (tmp_path / "report.json").write_text(json.dumps({"aggregate": {"counters": counters}}), encoding="utf-8")
    (tmp_path / "began-1").write_text("12750", encoding="utf-8")
    (tmp_path / "began-2").write_text("12500", encoding="utf-8")
    outcome = Artillery().outcome(tmp_path)
    assert (outcome.round_trips, outcome.connections, outcome.began_at) == (1000, 100, 12.5)
    assert "no response times" in outcome.note


def test_artillery_waits_for_the_reply_that_it_is_to_check(tmp_path: Path) -> None:
    script = script_of(WORK, URL, tmp_path)
    _, loop, _ = script["scenarios"][0]["flow"]
    send, think = loop["loop"]
    assert send["send"]["match"] == {"json": "$.type", "value": "pong"}
    assert think == {"think": "500ms"}
    (phase,) = script["config"]["phases"]
    assert phase == {"duration": "1600ms", "arrivalRate": 62.5}


def test_without_a_pause_there_is_no_step_that_makes_one(tmp_path: Path) -> None:
    _, loop, _ = script_of(Work(1, 1.0), URL, tmp_path)["scenarios"][0]["flow"]
    assert len(loop["loop"]) == 1


def test_locust_takes_a_process_for_each_core_that_it_may_use(tmp_path: Path) -> None:
    assert "--processes" not in Locust().command(WORK, URL, tmp_path)
    assert Locust().command(Work(1, 1.0, workers=2), URL, tmp_path)[-2:] == ["--processes", "2"]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("npm error no network\nnpm error A complete log of this run can be found in: x\n", "npm error no network"),
        ("WARNING: old\nERROR: No matching distribution found\n", "ERROR: No matching distribution found"),
        ("go: downloading\ngo: no such host\n", "go: no such host"),
        ("", "no reason given"),
    ],
    ids=["npm", "pip", "go", "silent"],
)
def test_the_reason_why_something_is_not_installed_is_one_line(said: str, line: str) -> None:
    assert complaint(said) == line


def test_a_program_that_is_not_there_is_not_installed() -> None:
    with pytest.raises(NotInstalled, match="no-such-program"):
        output_of("no-such-program-anywhere")
