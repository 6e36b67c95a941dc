"""The YMERA script with its thinks a hundredth as long: exact totals on both servers that speak the protocol."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples.servers import ymera
from tests.system.command import CommandLine, Outcome

YMERA = Path(__file__).parents[2] / "examples" / "ymera"
USERS = 20
NAMES = {"ping": 20, "agent_message": 20, "subscribe": 2, "unsubscribe": 1, "disconnect": 1}
MESSAGES = sum(NAMES.values())


def shortened(step: dict[str, Any]) -> dict[str, Any]:
    """The step with a hundredth of its thinks, those in its loop included."""
    if "think" in step:
        return {"think": f"{step['think'] * 10}ms"}
    if "loop" in step:
        return {**step, "loop": [shortened(inner) for inner in step["loop"]]}
    return step


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The example's script beside its processor; only the thinks and the phases are others."""
    shutil.copy(YMERA / "websocket_processor.py", tmp_path)
    text = yaml.safe_load((YMERA / "artillery_websocket.yml").read_text(encoding="utf-8"))
    text["config"]["phases"] = [{"duration": "300ms", "arrivalCount": USERS}]
    del text["config"]["environments"]
    (scenario,) = text["scenarios"]
    scenario["flow"] = [shortened(step) for step in scenario["flow"]]
    path = tmp_path / "artillery_websocket.yml"
    path.write_text(yaml.safe_dump(text, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def fastapi_url() -> Iterator[str]:
    """The example's FastAPI endpoint under uvicorn, in a process of its own."""
    with ymera() as authority:
        yield f"ws://{authority}"


def test_the_session_is_exact_on_the_embedded_target(script: Path, wavetank: CommandLine) -> None:
    check_totals(wavetank("run", str(script), "--serve", "--seed", "1"))


def test_the_session_is_exact_on_the_fastapi_endpoint(script: Path, fastapi_url: str, wavetank: CommandLine) -> None:
    check_totals(wavetank("run", str(script), "-t", fastapi_url, "--seed", "1"))


def check_totals(outcome: Outcome) -> None:
    assert outcome.code == 0, outcome.stdout
    counters = dict(outcome.counters)
    sent_bytes, received_bytes = counters.pop("websocket.bytes_sent"), counters.pop("websocket.bytes_received")
    assert sent_bytes > MESSAGES * USERS * len('{"type":"ping"}')
    assert received_bytes > MESSAGES * USERS * len('{"type":"pong"}')
    assert counters == {
        "vusers.created": USERS,
        "vusers.created_by_name.Agent session": USERS,
        "vusers.completed": USERS,
        "websocket.connects": USERS,
        "websocket.messages_sent": MESSAGES * USERS,
        "websocket.messages_received": MESSAGES * USERS,
        "websocket.requests": MESSAGES * USERS,
        "websocket.replies": MESSAGES * USERS,
        "websocket.closed.1000": USERS,
        "websocket.closed_expected": USERS,
        **{f"websocket.messages_sent.{name}": count * USERS for name, count in NAMES.items()},
    }
    assert outcome.summary["complete"] is True
    assert outcome.summary["errors"] == []
    assert outcome.summary["derived"]["websocket.connect_success"] == 100
    assert outcome.summary["derived"]["error_rate"] == 0
    histograms = outcome.summary["histograms"]
    assert histograms["websocket.response_time"]["count"] == MESSAGES * USERS
    assert histograms["ymera.agent_latency"]["count"] == NAMES["agent_message"] * USERS
    assert histograms["vusers.session_length"]["count"] == histograms["websocket.connect_time"]["count"] == USERS
    for name, count in NAMES.items():
        assert histograms[f"websocket.response_time.{name}"]["count"] == count * USERS
        assert histograms[f"websocket.service_time.{name}"]["count"] == count * USERS
    # 167 s of thinks, a hundredth of them; what the server adds is none of the script's business.
    assert histograms["vusers.session_length"]["min"] >= 1670
