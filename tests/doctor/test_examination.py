"""The whole examination, from a tree of files to text and JSON."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from tests.execution.machine.trees import tree
from wavetank.doctor.examination import Examination, examine, machine_findings
from wavetank.doctor.finding import Finding, Level, worst
from wavetank.doctor.kernel import Kernel
from wavetank.doctor.question import Question
from wavetank.doctor.text import as_text
from wavetank.execution.machine.system import System

DOCUMENT = Path(__file__).parents[2] / "docs" / "doctor.md"


def levels(examination: Examination) -> dict[str, str]:
    return {finding.name: finding.level.value for finding in examination.findings}


def test_a_good_machine_is_ready(tmp_path: Path) -> None:
    examination = examine(10_000, root=tree(tmp_path, {}), platform="linux")
    assert set(levels(examination).values()) == {"ok"}
    assert examination.verdict is Level.OK
    assert as_text(examination).endswith("ok: nothing stands in the way (14 ok).")


def test_a_poor_machine_is_told_what_to_do(tmp_path: Path) -> None:
    files = {
        "proc/self/limits": "Max open files            1024                 1024                 files\n",
        "proc/self/status": "Cpus_allowed_list:\t0\n",
        "proc/meminfo": "MemAvailable:   100000 kB\n",
        "proc/sys/net/core/somaxconn": "128\n",
        "sys/fs/cgroup/user.slice/a.scope/cpu.max": "50000 100000\n",
    }
    examination = examine(10_000, root=tree(tmp_path, dict(files)), platform="linux")
    assert {name for name, level in levels(examination).items() if level == "critical"} == {
        "open_files",
        "memory",
        "container_cpu",
    }
    assert examination.verdict is Level.CRITICAL
    text = as_text(examination)
    assert "Is this machine ready for 10,000 users at once?" in text
    assert "          $ sudo prlimit --nofile=10064:10064 --pid $$\n" in text
    assert "          $ sudo sysctl -w net.core.somaxconn=4096\n" in text
    assert text.endswith("critical: it will not go as it is (3 critical, 1 warning).")


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_what_no_system_tells_is_never_taken_for_good(tmp_path: Path, platform: str) -> None:
    examination = examine(100, root=tmp_path, platform=platform)
    # Cores and open files are known to Python itself, elsewhere than on Linux.
    assert {name for name, level in levels(examination).items() if level != "unknown"} <= {"cores", "open_files"}
    assert as_text(examination).endswith("The system does not tell 13 of them.") or platform != "linux"


def test_the_verdict_is_the_worst_that_is_known() -> None:
    assert worst([]) == worst([Level.OK, Level.UNKNOWN]) == Level.OK
    assert worst([Level.UNKNOWN, Level.WARNING]) == Level.WARNING
    assert worst([Level.CRITICAL, Level.WARNING, Level.OK]) == Level.CRITICAL


def test_the_data_can_be_written_as_json(tmp_path: Path) -> None:
    data = orjson.loads(orjson.dumps(examine(5, root=tree(tmp_path, {}), platform="linux").as_data()))
    assert (data["schema"], data["users"], data["target"], data["place"]) == (1, 5, None, "anywhere")
    for finding in data["findings"]:
        assert finding.keys() == {"name", "title", "level", "found", "needed", "why", "commands", "values"}
        assert isinstance(finding["commands"], list)


def documented(heading: str) -> list[str]:
    chapter = DOCUMENT.read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([^`]+)` \|", chapter, re.MULTILINE)


def test_every_check_every_level_and_every_key_is_documented(tmp_path: Path) -> None:
    findings: tuple[Finding, ...] = machine_findings(Question(users=1), System(platform="linux", cores=1), Kernel())
    checks = [finding.name for finding in findings]
    assert documented("What it looks at") == [*checks, "target_address", "target_connect", "target_tls"]
    assert set(documented("What it says")) == set(Level)
    assert documented("JSON") == list(examine(1, root=tmp_path).as_data())
