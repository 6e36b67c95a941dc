"""A threshold with `abort: true` ends a run early, and `measure` says which part of a run its figures are about."""

from __future__ import annotations

import asyncio
import time

from tests.system.command import CommandLine
from tests.system.scripts import PING
from tests.system.servers.raw import CLOSE, PONG_MESSAGE, Handler, Peer, RawServer, frame, text


def answering(*delays_s: float) -> Handler:
    """A server whose connections answer each message after a delay; the last one holds for all further messages."""

    async def answer(peer: Peer) -> None:
        await peer.accept()
        count = 0
        while (received := await peer.frame()).opcode != CLOSE:
            await asyncio.sleep(delays_s[min(count, len(delays_s) - 1)])
            await peer.send(text(PONG_MESSAGE))
            count += 1
        await peer.send(frame(CLOSE, received.payload))

    return answer


def endless(config: str) -> str:
    """A script of a minute, with three users who ask again and again for longer than that."""
    return f"""\
config:
  target: ws://127.0.0.1:1
  phases:
    - {{name: arrive, duration: 100ms, arrivalCount: 3}}
    - {{name: hold, pause: 60}}
{config}
scenarios:
  - name: session
    flow:
      - connect: /ws
      - loop: [{{think: 10ms}}, {PING.removeprefix("- ")}]
        count: 10000
"""


TRUSTED_OR_NOT = (0, 4)
"""The exit codes of a good verdict: on a busy machine the generator may not have kept its promise."""

SLOW = """\
  targets:
    - metric: websocket.response_time.p95
      target: "< 50ms"
      critical: "> 100ms"
      abort: true
"""


def test_a_slow_server_ends_the_run_with_reports_and_exit_1(wavetank: CommandLine) -> None:
    with RawServer(answering(0.15)) as server:
        begun = time.monotonic()
        outcome = wavetank.run(endless(SLOW), server.url)
        took_s = time.monotonic() - begun
    assert outcome.code == 1
    assert took_s < 15, "the run would have taken a minute"
    assert 1 < outcome.summary["duration_s"] < 8
    assert outcome.summary["complete"] is False
    assert outcome.summary["verdict"] == "critical"
    reason = outcome.summary["aborted"]
    assert reason.startswith("websocket.response_time.p95 was 1")
    assert reason.endswith(" ms after 00:01, critical is > 100")
    assert f"aborted: {reason}" in outcome.stdout
    assert outcome.counters["websocket.replies"] > 3
    assert outcome.counters["vusers.interrupted"] == 3
    assert "Phases (response times in ms)" in outcome.stdout
    last_line = (outcome.folder / "timeline.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    assert '"complete":false' in last_line


def test_a_run_is_judged_from_its_instant_on(wavetank: CommandLine) -> None:
    with RawServer(answering(0.15)) as server:
        outcome = wavetank.run(endless(SLOW + "      after: 2s\n"), server.url)
    assert outcome.code == 1
    assert 2 < outcome.summary["duration_s"] < 9
    assert " after 00:02, " in outcome.summary["aborted"]


def test_a_dead_server_ends_the_run_by_its_error_rate(wavetank: CommandLine) -> None:
    config = "  timeout: 200ms\n  targets: [{metric: error_rate, target: '< 1%', abort: true}]\n"

    async def silent(peer: Peer) -> None:
        await peer.accept()
        while (received := await peer.frame()).opcode != CLOSE:
            pass
        await peer.send(frame(CLOSE, received.payload))

    script = endless(config).replace("{name: hold, pause: 60}", "{name: more, duration: 60, arrivalRate: 5}")
    with RawServer(silent) as server:
        outcome = wavetank.run(script, server.url)
    assert outcome.code == 1
    assert outcome.summary["duration_s"] < 8
    assert outcome.summary["aborted"].startswith("error_rate was ")


def test_a_threshold_that_holds_ends_nothing(wavetank: CommandLine) -> None:
    script = endless(SLOW.replace("100ms", "5s").replace("50ms", "4s")).replace("pause: 60", "pause: 1.5")
    script = script.replace("        count: 10000\n", "")  # until the last phase ends
    with RawServer(answering(0.0)) as server:
        outcome = wavetank.run(script, server.url)
    assert outcome.code in TRUSTED_OR_NOT
    assert outcome.summary["complete"] is True
    assert outcome.summary["aborted"] is None


def test_a_slow_warm_up_is_left_out_of_the_figures_and_kept_beside_them(wavetank: CommandLine) -> None:
    script = endless(SLOW + "  measure: {phase: steady}\n").replace(
        "{name: hold, pause: 60}", "{name: warm-up, pause: 900ms}\n    - {name: steady, pause: 1500ms}"
    )
    script = script.replace("        count: 10000\n", "")
    with RawServer(answering(0.3, 0.3, 0.0)) as server:
        outcome = wavetank.run(script, server.url)
    assert outcome.code in TRUSTED_OR_NOT, outcome.stdout
    summary = outcome.summary
    assert summary["measured"] == {"from_s": 1.0, "to_s": 2.5, "phases": ["steady"]}
    assert summary["duration_s"] == 1.5
    assert summary["whole"]["duration_s"] >= 2.5
    slow = summary["whole"]["histograms"]["websocket.response_time"]
    steady = summary["histograms"]["websocket.response_time"]
    assert slow["max"] >= 300 > 100 > steady["p95"]
    replies = [phase["counters"].get("websocket.replies", 0) for phase in summary["phases"]]
    assert [phase["name"] for phase in summary["phases"]][:3] == ["arrive", "warm-up", "steady"]
    assert replies[2] == summary["counters"]["websocket.replies"]
    assert sum(replies) == summary["whole"]["counters"]["websocket.replies"] == slow["count"]
    assert summary["rates"]["websocket.send_rate"] == summary["phases"][2]["rates"]["websocket.send_rate"]
    assert "Measured: 1s to 2.5s (steady), of " in outcome.stdout
