"""Memory of the machine, of the container, and of TCP."""

from __future__ import annotations

import pytest

from tests.doctor.machines import BARE, kernel, system, users
from wavetank.doctor.kernel import Kernel
from wavetank.doctor.memory import container_memory, memory, tcp_memory
from wavetank.doctor.question import Place
from wavetank.execution.machine.cgroup import ControlGroup
from wavetank.execution.machine.system import Memory

# 100,000 users on four cores: 100,000 × 20 KB + 4 × 60 MB
NEEDED = 2_240_000_000


@pytest.mark.parametrize(
    ("left", "level"), [(NEEDED - 1, "critical"), (NEEDED, "warning"), (NEEDED * 13 // 10, "ok"), (None, "unknown")]
)
def test_users_and_workers_must_fit_into_what_is_left(left: int | None, level: str) -> None:
    finding = memory(users(100_000), system(memory=Memory(available=left)))
    assert finding.level == level
    assert finding.needed == "about 2,240 MB"


@pytest.mark.parametrize(("left", "level"), [(NEEDED - 1, "critical"), (NEEDED, "warning"), (2 * NEEDED, "ok")])
def test_a_container_has_less(left: int, level: str) -> None:
    group = ControlGroup(is_known=True, memory=5 * 10**9, memory_left=left)
    finding = container_memory(users(100_000), system(group=group))
    assert finding.level == level
    assert bool(finding.commands) == (level != "ok")
    if level == "critical":
        assert finding.commands == ("docker run --memory=5303m …", "MemoryMax=5303M (systemd)")


def test_no_limit_is_well_and_none_to_be_seen_is_unknown() -> None:
    assert container_memory(users(9), system()).found == "no limit"
    assert container_memory(users(9), BARE).level == "unknown"


@pytest.mark.parametrize(
    ("count", "place", "level"),
    [
        (900, Place.ELSEWHERE, "ok"),
        (901, Place.ELSEWHERE, "warning"),
        (900, Place.LOOPBACK, "warning"),
        (1901, Place.ELSEWHERE, "critical"),
    ],
)
def test_the_kernel_needs_a_page_for_each_end(count: int, place: Place, level: str) -> None:
    finding = tcp_memory(users(count, place), kernel(tcp_memory=(500, 1000, 2000), tcp_memory_used=100))
    assert finding.level == level
    if level == "critical":
        assert finding.commands == ('sudo sysctl -w net.ipv4.tcp_mem="3001 4002 6003"',)


def test_a_kernel_that_does_not_tell_is_unknown() -> None:
    assert tcp_memory(users(1), Kernel()).level == "unknown"
