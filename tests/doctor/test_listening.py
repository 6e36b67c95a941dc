"""Queues of a listening socket, which are the server's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.doctor.machines import GOOD, kernel, system, users
from wavetank.doctor.finding import Finding
from wavetank.doctor.kernel import Kernel
from wavetank.doctor.listening import somaxconn, syn_backlog
from wavetank.doctor.question import Place, Question
from wavetank.execution.machine.system import System

Check = Callable[[Question, System, Kernel], Finding]
BOTH = pytest.mark.parametrize(
    ("check", "field", "setting"),
    [
        (somaxconn, "somaxconn", "net.core.somaxconn"),
        (syn_backlog, "syn_backlog", "net.ipv4.tcp_max_syn_backlog"),
    ],
)


@BOTH
@pytest.mark.parametrize(
    ("value", "count", "level"),
    [(128, 128, "ok"), (128, 129, "warning"), (4095, 10**6, "warning"), (4096, 10**6, "ok"), (None, 5, "unknown")],
)
def test_a_burst_of_connects_must_fit(
    check: Check, field: str, setting: str, value: int | None, count: int, level: str
) -> None:
    finding = check(users(count, Place.LOOPBACK), GOOD, kernel(**{field: value}))
    assert finding.level == level
    assert finding.commands == ((f"sudo sysctl -w {setting}=4096",) if level == "warning" else ())


@BOTH
def test_elsewhere_it_counts_on_the_servers_machine(check: Check, field: str, setting: str) -> None:
    finding = check(users(10**6, Place.ELSEWHERE), GOOD, kernel(**{field: 1}))
    assert finding.level == "ok"
    assert finding.needed == "nothing here: it counts on the server's machine"


@BOTH
def test_a_container_has_its_own(check: Check, field: str, setting: str) -> None:
    finding = check(users(10**6), system(is_container=True), kernel(**{field: 1}))
    assert finding.commands == (f"docker run --sysctl {setting}=4096 …",)
