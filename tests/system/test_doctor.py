"""`wavetank doctor` as a person calls it, on the machine that runs the tests."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.system.command import COMMAND, PATIENCE_S, environment
from tests.system.servers.raw import Peer, RawServer

LEVELS = {"ok", "unknown", "warning", "critical"}


def doctor(folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, *COMMAND, "doctor", *arguments],
        env=environment(),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def findings(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert ended.stderr == ""
    data = json.loads(ended.stdout)
    assert ended.returncode == (1 if data["verdict"] == "critical" else 0)
    return {finding["name"]: finding for finding in data["findings"]}


def test_every_machine_can_be_examined(tmp_path: Path) -> None:
    ended = doctor(tmp_path, "--users", "100")
    assert ended.returncode in (0, 1)
    assert ended.stderr == ""
    first, blank, *lines = ended.stdout.splitlines()
    assert (first, blank) == ("Is this machine ready for 100 users at once?", "")
    assert {line.split()[0] for line in lines[:-2] if not line.startswith(" ")} <= LEVELS
    assert lines[-1].split(":")[0] in LEVELS - {"unknown"}


def test_a_target_is_connected_to_once(tmp_path: Path) -> None:
    left = threading.Event()

    async def stay(peer: Peer) -> None:
        await peer.end()
        left.set()

    with RawServer(stay) as server:
        found = findings(doctor(tmp_path, "--json", "--target", server.url))
        assert left.wait(PATIENCE_S)
        assert server.connections == 1
    assert found["target_address"]["values"]["place"] == "loopback"
    assert found["target_connect"]["level"] == "ok"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_of_open_files_that_is_too_low_is_critical(tmp_path: Path) -> None:
    lowered = ("sh", "-c", 'ulimit -n 70 && exec "$@"', "sh")
    ended = doctor(tmp_path, "--json", "--users", "50000", before=lowered)
    assert ended.returncode == 1
    open_files = findings(ended)["open_files"]
    assert open_files["values"]["hard"] == 70
    assert open_files["level"] == "critical"
    assert open_files["commands"]


def test_a_target_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    ended = doctor(tmp_path, "--target", "ftp://host")
    assert ended.returncode == 2
    assert "is no WebSocket URL" in ended.stderr
