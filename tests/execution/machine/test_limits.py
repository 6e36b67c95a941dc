"""How many workers carry a plan, and what is said before it starts."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavetank.errors import RunError, Where
from wavetank.execution.machine.cgroup import ControlGroup
from wavetank.execution.machine.limits import SPARE_FILES, Capacity, capacity, is_loopback
from wavetank.execution.machine.system import UNLIMITED, Memory, OpenFiles, System
from wavetank.plan.model import Plan, Scenario
from wavetank.plan.phases import Count
from wavetank.plan.steps import ConnectionOptions, Think

ROOMY = System(
    platform="linux",
    cores=4,
    files=OpenFiles(soft=1024, hard=UNLIMITED, most=1_048_576, system=UNLIMITED, used=1000),
    memory=Memory(total=10**12, available=10**12),
    ports=(32_768, 60_999),
)


def plan(users: int, target: str = "ws://127.0.0.1:8000", **options: object) -> Plan:
    steps = (Think(where=Where("s.yml"), duration=60),)
    return Plan(
        name="p",
        target=target,
        phases=(Count(name="all", duration_s=0, count=users),),
        scenarios=(Scenario(name="s", steps=steps),),
        connection=ConnectionOptions(**options),  # type: ignore[arg-type]  # the test names the options
    )


def files(hard: int, **others: int) -> OpenFiles:
    return dataclasses.replace(ROOMY.files, hard=hard, **others)


def with_(**changes: object) -> System:
    return dataclasses.replace(ROOMY, **changes)  # type: ignore[arg-type]  # the test names the fields


def test_a_worker_for_each_core_and_nothing_to_say() -> None:
    assert capacity(plan(100_000), None, ROOMY) == Capacity(workers=4, peak_users=100_000)


@pytest.mark.parametrize(("users", "workers"), [(0, 1), (1, 1), (3, 3), (4, 4), (5, 4)])
def test_nobody_needs_more_workers_than_users(users: int, workers: int) -> None:
    assert capacity(plan(users), None, ROOMY).workers == workers


def test_a_quota_counts_as_so_many_cores() -> None:
    assert capacity(plan(100), None, with_(group=ControlGroup(cpus=2.5))).workers == 2


def test_as_many_workers_are_started_as_are_asked_for() -> None:
    assert capacity(plan(100), 7, ROOMY) == Capacity(workers=7, peak_users=100)


def test_workers_are_added_where_one_cannot_hold_its_share_of_files() -> None:
    found = capacity(plan(100_000), None, with_(files=files(20_000)))
    assert (found.workers, found.problems) == (6, ())
    assert found.notices == (
        "6 workers instead of 4: a process may hold 20,000 open files, and about 100,000 users are there at once.",
    )


@given(users=st.integers(1, 10**6), hard=st.integers(SPARE_FILES + 1, 10**6), cores=st.integers(1, 64))
def test_either_every_share_fits_or_it_is_said(users: int, hard: int, cores: int) -> None:
    found = capacity(plan(users), None, with_(files=files(hard), cores=cores))
    fits = -(-users // found.workers) + SPARE_FILES <= hard
    assert fits != any("too_many_open_files" in problem for problem in found.problems)
    assert min(cores, users) <= found.workers <= 8 * cores
    if fits and found.workers > cores:
        assert -(-users // (found.workers - 1)) + SPARE_FILES > hard


def test_what_the_files_cannot_hold_is_said_with_the_command() -> None:
    (problem,) = capacity(plan(100_000), None, with_(files=files(1024))).problems
    assert problem == (
        "32 workers can hold 30,720 connections, and about 100,000 users are there at once: the others will fail with "
        "too_many_open_files. Raise the limit of open files, 1,024, first: sudo prlimit --nofile=3189:3189 --pid $$"
    )


def test_too_few_workers_asked_for_could_be_more() -> None:
    (problem,) = capacity(plan(100_000), 2, with_(files=files(20_000), is_container=True)).problems
    assert problem.endswith("docker run --ulimit nofile=50064:50064 … (or start more: --workers 6)")


def test_a_limit_above_what_the_kernel_allows_needs_two_commands() -> None:
    (problem,) = capacity(plan(3_000_000), 1, with_(files=files(1000), ports=None)).problems
    assert "sudo sysctl -w fs.nr_open=3000064 && sudo prlimit --nofile=3000064:3000064 --pid $$" in problem


def test_a_process_that_cannot_open_a_connection_at_all_is_a_refusal() -> None:
    with pytest.raises(RunError, match="leaves none for connections"):
        capacity(plan(5), None, with_(files=files(SPARE_FILES)))


def test_the_files_of_all_processes_are_looked_at_with_both_ends_on_this_machine() -> None:
    system = with_(files=files(UNLIMITED, system=20_000, used=5_000))
    assert capacity(plan(7_000), 1, system).problems == ()
    (problem,) = capacity(plan(8_000), 1, system).problems
    assert "the run needs 16,064" in problem
    assert problem.endswith("sudo sysctl -w fs.file-max=37128")
    assert capacity(plan(8_000, "ws://example.com"), 1, system).problems == ()


def test_memory_that_is_not_there_is_said() -> None:
    (problem,) = capacity(plan(100_000), 2, with_(memory=Memory(available=10**9))).problems
    assert "take about 2,120 MB, and this machine has 1,000 MB left" in problem
    group = ControlGroup(memory=2 * 10**9, memory_left=10**9)
    (problem,) = capacity(plan(100_000), 2, with_(group=group)).problems
    assert "the control group (container) of this process has 1,000 MB left" in problem
    assert "docker run --memory=2976m" in problem


def test_one_address_has_so_many_ports_towards_another_machine() -> None:
    far = "wss://example.com"
    assert capacity(plan(14_000, far), None, ROOMY).notices == ()
    assert "3 addresses of this machine" not in str(capacity(plan(20_000, far), None, ROOMY))
    (notice,) = capacity(plan(20_000, far), None, ROOMY).notices
    assert "More than half of the ports towards wss://example.com" in notice
    assert "2 addresses of this machine" in notice
    (problem,) = capacity(plan(40_000, far), None, ROOMY).problems
    assert "1 address with 28,232 ports each" in problem
    assert "Name 3 addresses of this machine as config.ws.localAddress" in problem
    assert problem.endswith('(or sudo sysctl -w net.ipv4.ip_local_port_range="1024 65535").')
    (problem,) = capacity(plan(167_000, far), None, ROOMY).problems
    assert problem.endswith("Name 12 addresses of this machine as config.ws.localAddress.")


@pytest.mark.parametrize(
    ("target", "options", "platform", "holds"),
    [
        ("ws://127.0.0.1:1", {}, "linux", True),
        ("ws://localhost:1", {}, "linux", True),
        ("ws://127.0.0.1:1", {"local_addresses": ("127.0.0.1",)}, "linux", False),
        ("ws://127.0.0.1:1", {"local_addresses": ("127.0.1.0/24",)}, "linux", True),
        ("ws://127.0.0.1:1", {"proxy": "http://p:1"}, "linux", False),
        ("ws://[::1]:1", {}, "linux", False),
        ("ws://127.0.0.1:1", {}, "darwin", False),
        ("ws://example.com", {"local_addresses": ("10.0.0.0/28", "fd00::1")}, "linux", True),
        ("ws://[fd00::9]", {"local_addresses": ("10.0.0.0/28", "fd00::1")}, "linux", False),
    ],
)
def test_ports_count_for_each_address_that_connections_come_from(
    target: str, options: dict[str, object], platform: str, holds: bool
) -> None:
    found = capacity(plan(100_000, target, **options), None, with_(platform=platform), is_ours=lambda _: True)
    assert any("no_free_port" in problem for problem in found.problems) != holds


def test_addresses_that_are_not_ours_are_named() -> None:
    def is_ours(address: str) -> bool:
        return address in {"10.0.0.1", "10.0.0.2"}

    (problem,) = capacity(plan(5, local_addresses=("10.0.0.0/29",)), None, ROOMY, is_ours).problems
    assert problem.startswith(
        "10.0.0.3, 10.0.0.4, 10.0.0.5, … of config.ws.localAddress are no addresses of this machine"
    )
    assert capacity(plan(5, local_addresses=("10.0.0.1", "10.0.0.2")), None, ROOMY, is_ours).problems == ()
    (problem,) = capacity(plan(5, local_addresses=("192.0.2.1",)), None, ROOMY).problems
    assert problem.endswith("bad_local_address. Add it first: sudo ip address add 192.0.2.1 dev …")


def test_what_is_unknown_is_nothing_to_warn_of() -> None:
    assert capacity(plan(100_000), None, System(platform="win32", cores=2)) == Capacity(workers=2, peak_users=100_000)


def test_this_machine_is_looked_at_unless_another_one_is_given() -> None:
    assert capacity(plan(1)) == Capacity(workers=1, peak_users=1)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("a.localhost", True), ("127.9.9.9", True), ("::1", True), ("10.0.0.1", False), ("x", False)],
)
def test_loopback_is_known_without_asking_anybody(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected
