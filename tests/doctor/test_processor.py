"""Cores, quotas, governors and clocks."""

from __future__ import annotations

import pytest

from tests.doctor.machines import BARE, kernel, system, users
from wavetank.doctor.kernel import Kernel
from wavetank.doctor.processor import clock_source, container_cpu, cores, governor
from wavetank.doctor.question import Place
from wavetank.execution.machine.cgroup import ControlGroup


@pytest.mark.parametrize(
    ("count", "usable", "level"), [(1, 1, "ok"), (100_000, 1, "ok"), (100_001, 1, "warning"), (167_000, 2, "ok")]
)
def test_so_many_users_need_so_many_cores(count: int, usable: int, level: str) -> None:
    assert cores(users(count), system(cores=usable)).level == level


def test_a_server_on_this_machine_wants_cores_too() -> None:
    assert "server on this machine" in cores(users(10, Place.LOOPBACK), system()).needed


@pytest.mark.parametrize(
    ("quota", "level"), [(None, "ok"), (4.0, "ok"), (3.5, "warning"), (2.0, "warning"), (1.5, "critical")]
)
def test_a_quota_below_the_cores_makes_the_generator_stand_still(quota: float | None, level: str) -> None:
    finding = container_cpu(users(150_000), system(group=ControlGroup(is_known=True, cpus=quota)))
    assert finding.level == level
    assert bool(finding.commands) == (level != "ok")


@pytest.mark.parametrize(
    ("governors", "level"),
    [(("performance",), "ok"), (("powersave",), "warning"), (("performance", "schedutil"), "warning"), ((), "unknown")],
)
def test_cores_should_run_at_full_speed(governors: tuple[str, ...], level: str) -> None:
    finding = governor(kernel(governors=governors))
    assert finding.level == level
    assert finding.commands == (("sudo cpupower frequency-set -g performance",) if level == "warning" else ())


@pytest.mark.parametrize(
    ("clock", "clocks", "level", "command"),
    [
        ("tsc", ("tsc",), "ok", None),
        ("kvm-clock", ("kvm-clock", "tsc"), "ok", None),
        ("hpet", ("hpet", "tsc"), "warning", "echo tsc | sudo tee "),
        ("acpi_pm", ("acpi_pm",), "warning", None),
        ("", (), "unknown", None),
    ],
)
def test_a_clock_that_is_slow_to_read_is_replaced_if_there_is_a_better_one(
    clock: str, clocks: tuple[str, ...], level: str, command: str | None
) -> None:
    finding = clock_source(kernel(clock=clock, clocks=clocks))
    assert finding.level == level
    assert len(finding.commands) == (command is not None)
    assert all(each.startswith(command or "") for each in finding.commands)


def test_what_cannot_be_seen_is_unknown() -> None:
    assert container_cpu(users(1), BARE).level == "unknown"
    assert governor(Kernel()).level == clock_source(Kernel()).level == "unknown"
