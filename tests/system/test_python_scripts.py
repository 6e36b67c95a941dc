"""`wavetank run scenario.py`: scenarios in Python by the real command line, in processes of their own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.system.command import COMMAND, CommandLine, Outcome, environment

TEN_LINES = """\
from wavetank import User, scenario

@scenario(weight=3)
async def agent(user: User) -> None:
    async with user.connect("/ws") as ws:
        await ws.request({"type": "subscribe", "channel": "agents"}, match={"type": "subscribed"})
        async for _ in user.paced(20, every=8):
            await ws.request({"type": "ping"}, match={"type": "pong"})
            await user.think(5)
            await ws.send({"type": "agent_message", "from": user.id, "to": "agent_1", "payload": {"action": "status"}})
        await ws.request({"type": "disconnect"}, match={"type": "disconnect_ack"})
"""
"""As the documentation has it. It lasts for 160 s, so that tests make its times shorter and leave the rest."""

QUICK = TEN_LINES.replace("every=8", "every=0.05").replace("think(5)", "think(0.01)")

SAME_IN_YAML = """\
config:
  target: ws://127.0.0.1:1
  phases: [{duration: 1, arrivalCount: 1}]
scenarios:
  - name: agent
    flow:
      - connect: /ws
      - send: {payload: {type: subscribe, channel: agents}, match: {json: $.type, value: subscribed}}
      - loop:
          - send: {payload: {type: ping}, match: {json: $.type, value: pong}}
          - think: 10ms
          - send: {payload: {type: agent_message, from: user_0, to: agent_1, payload: {action: status}}}
        every: 50ms
        count: 20
      - send: {payload: {type: disconnect}, match: {json: $.type, value: disconnect_ack}}
"""


def run(wavetank: CommandLine, text: str, *options: str, serve: bool = True) -> Outcome:
    script = wavetank.folder / "scenario.py"
    script.write_text(text, encoding="utf-8")
    return wavetank("run", str(script), *(("--serve",) if serve else ()), *options, script=script)


def test_the_ten_line_script_runs_from_an_empty_folder(wavetank: CommandLine) -> None:
    outcome = run(wavetank, QUICK)
    assert outcome.code == 0
    counters = outcome.counters
    assert counters["vusers.completed"] == counters["vusers.created"] == 1
    assert counters["websocket.messages_sent"] == 42
    assert counters["websocket.messages_sent.agent_message"] == 20
    assert counters["websocket.replies"] == 22
    assert counters["websocket.closed_expected"] == 1


def test_the_same_user_in_yaml_and_in_python_gives_the_same_counts(wavetank: CommandLine) -> None:
    python = run(wavetank, QUICK, "-u", "20", "--workers", "2", "--seed", "1")
    yaml = wavetank.run(SAME_IN_YAML, None, "--serve", "-u", "20", "--workers", "2", "--seed", "1")
    assert python.code == yaml.code == 0

    def counted(outcome: Outcome) -> dict[str, int]:
        # What a user calls itself has more than one length.
        return {name: count for name, count in outcome.counters.items() if ".bytes_" not in name}

    assert counted(python) == counted(yaml)
    assert counted(python)["websocket.replies"] == 20 * 22


def test_load_and_thresholds_come_from_the_module_or_from_the_command_line(wavetank: CommandLine) -> None:
    text = f"""\
from wavetank import Plan, Rate, threshold
{QUICK.replace("paced(20", "paced(2")}
plan = Plan(
    phases=(Rate(duration_s=0.5, rate=20),),
    thresholds=(threshold("checks.pass_rate >= 99%"), threshold("websocket.response_time.ping.p95 < 10s")),
)
"""
    text = text.replace(
        '        await ws.request({"type": "disc',
        '        user.check("odd", False)\n        await ws.request({"type": "disc',
    )
    outcome = run(wavetank, text)
    assert outcome.counters["vusers.created"] == 10
    assert outcome.exit_code == 1
    assert outcome.counters["checks.odd.failed"] == 10
    assert {entry["metric"]: entry["verdict"] for entry in outcome.summary["thresholds"]} == {
        "checks.pass_rate": "critical",
        "websocket.response_time.ping.p95": "ok",
        "vusers.error_rate": "ok",
    }
    assert run(wavetank, text, "-u", "3").counters["vusers.created"] == 3


def test_an_artillery_script_may_name_scenarios_in_python(wavetank: CommandLine) -> None:
    (wavetank.folder / "users.py").write_text(QUICK, encoding="utf-8")
    text = "config: {phases: [{duration: 20ms, arrivalCount: 3}]}\nscenarios: [{flow: users.py:agent}]\n"
    outcome = wavetank.run(text, None, "--serve", "--workers", "2")
    assert outcome.code == 0
    assert outcome.counters["vusers.created_by_name.agent"] == 3
    assert outcome.counters["websocket.replies"] == 66


LIFECYCLE = """\
import os
from wavetank import Shared, User, scenario, setup, teardown

@setup(per="run")
async def token(shared: Shared) -> None:
    assert shared["target"].startswith("ws://127.0.0.1:") and shared["variables"] == {}
    shared["token"] = "t"
    tell("run setup", shared)

@setup
async def client(shared: Shared) -> None:
    shared["client"] = lambda: shared["token"]  # cannot be pickled, and need not be
    tell("worker setup", shared)

@teardown
async def leave(shared: Shared) -> None:
    tell("worker teardown", shared)

@teardown(per="run")
async def end(shared: Shared) -> None:
    tell("run teardown", shared)

@scenario
async def user(user: User) -> None:
    assert user.shared["client"]() == "t"
    tell("user", user.shared)

def tell(what, shared):
    with open("told.txt", "a") as file:
        print(what, os.getpid(), *sorted(shared), sep="|", file=file)
"""


def test_setup_and_teardown_are_called_once_in_the_run_or_in_each_worker(wavetank: CommandLine) -> None:
    outcome = run(wavetank, LIFECYCLE, "-u", "6", "--workers", "2")
    assert outcome.counters["vusers.completed"] == 6
    told = [line.split("|") for line in (wavetank.folder / "told.txt").read_text().splitlines()]
    order = [what for what, *_ in told]
    assert order[0] == "run setup"
    assert sorted(order[1:3]) == ["worker setup"] * 2
    assert order.count("user") == 6
    assert order.count("worker teardown") == 2
    assert order[-1] == "run teardown"
    processes = {what: {process for each, process, *_ in told if each == what} for what in order}
    assert len(processes["worker setup"]) == 2
    assert processes["run setup"] == processes["run teardown"]
    assert processes["run setup"].isdisjoint(processes["worker setup"])
    assert told[-1][2:] == ["target", "token", "variables"], "what workers have put there stays theirs"


@pytest.mark.parametrize("per", ["worker", "run"])
def test_a_setup_that_fails_ends_the_run_before_it_begins_with_its_place(wavetank: CommandLine, per: str) -> None:
    text = f'from wavetank import setup\n\n@setup(per="{per}")\nasync def login(shared):\n    raise KeyError("token")\n'
    outcome = run(wavetank, text + QUICK)
    assert outcome.exit_code == 3
    assert "the setup scenario.py:login failed: KeyError: 'token' (scenario.py:5)" in outcome.stderr
    assert outcome.stderr.count("error:") == 1


def test_a_mistake_in_the_script_costs_nothing_and_is_told_at_its_line(wavetank: CommandLine) -> None:
    outcome = run(wavetank, "import nowhere_to_be_found\n" + QUICK)
    assert outcome.exit_code == 2
    assert re.search(r"scenario\.py:1: ModuleNotFoundError: No module named 'nowhere_to_be_found'", outcome.stderr)
    assert "nothing was sent" in outcome.stderr
    assert run(wavetank, QUICK, "-e", "staging").exit_code == 2


def test_a_module_is_run_once_and_may_import_from_its_folder_at_any_time(wavetank: CommandLine) -> None:
    (wavetank.folder / "near.py").write_text("VALUE = 1\n", encoding="utf-8")
    text = (
        "from wavetank import User, scenario\nprint('loaded')\n@scenario\nasync def user(user: User) -> None:\n"
        "    import near\n    assert near.VALUE == 1\n"
    )
    outcome = run(wavetank, text, "--workers", "1")
    assert outcome.counters["vusers.completed"] == 1
    assert (outcome.stdout + outcome.stderr).count("loaded") == 2, "by the coordinator, and by its worker"


def test_check_tells_what_a_python_script_asks_for(tmp_path: Path) -> None:
    script = tmp_path / "scenario.py"
    script.write_text(QUICK, encoding="utf-8")
    command = [*COMMAND, "check", str(script), "-t", "ws://h/ws"]
    ended = subprocess.run(
        command, env=environment(), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    assert "1 scenario (agent), 1 phase: 1 user in" in ended.stdout
