"""What a machine allows, read from trees of files that look like one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.execution.machine.trees import tree
from wavetank.execution.machine.cgroup import ControlGroup
from wavetank.execution.machine.system import UNLIMITED, Memory, OpenFiles, System, listed, read_system


def test_a_plain_machine_is_read(tmp_path: Path) -> None:
    assert read_system(tree(tmp_path, {}), "linux") == System(
        platform="linux",
        cores=4,
        files=OpenFiles(soft=1024, hard=524_288, most=1_048_576, system=2**63 - 1, used=5000),
        memory=Memory(total=16_384_000_000, available=12_288_000_000),
        group=ControlGroup(is_known=True),
        ports=(32_768, 60_999),
    )


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    assert read_system(tmp_path, "linux") == System(platform="linux", cores=os.cpu_count() or 1)


def test_cores_that_are_off_do_not_count(tmp_path: Path) -> None:
    status = {"proc/self/status": "Cpus_allowed_list:\t0,2-15\n", "sys/devices/system/cpu/online": "0-4\n"}
    assert read_system(tree(tmp_path, status), "linux").cores == 4


def test_an_unlimited_number_of_files_is_none_that_could_be_too_small(tmp_path: Path) -> None:
    limits = {"proc/self/limits": "Max open files            unlimited            unlimited            files\n"}
    assert read_system(tree(tmp_path, limits), "linux").files.hard == UNLIMITED


def test_reserved_ports_are_none_to_connect_from(tmp_path: Path) -> None:
    reserved = {"proc/sys/net/ipv4/ip_local_reserved_ports": "80,40000-40009,60999-61001\n"}
    assert read_system(tree(tmp_path, reserved), "linux").ports_per_address == 28_232 - 11


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_a_container_is_known_by_its_mark(tmp_path: Path, mark: str) -> None:
    assert read_system(tree(tmp_path, {mark: ""}), "linux").is_container


@pytest.mark.parametrize(("quota", "workers"), [(None, 4), (0.2, 1), (1.5, 1), (2.0, 2), (2.999, 3), (16.0, 4)])
def test_a_worker_has_a_whole_core(quota: float | None, workers: int) -> None:
    assert System(platform="linux", cores=4, group=ControlGroup(cpus=quota)).whole_cores == workers


@pytest.mark.parametrize(
    ("available", "left", "expected"), [(10, None, 10), (10, 4, 4), (4, 10, 4), (None, 5, 5), (None, None, None)]
)
def test_memory_ends_where_the_machine_or_the_group_does(
    available: int | None, left: int | None, expected: int | None
) -> None:
    system = System(
        platform="linux", cores=1, memory=Memory(available=available), group=ControlGroup(memory=99, memory_left=left)
    )
    assert system.memory_left == expected


def test_a_set_is_read_as_the_kernel_writes_it() -> None:
    assert listed("0-2,5") == {0, 1, 2, 5}
    assert listed("") == listed("(none)") == frozenset()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_tell_less_and_nothing_false(tmp_path: Path, platform: str) -> None:
    system = read_system(tree(tmp_path, {}), platform)
    assert system.cores == os.cpu_count()
    assert (system.ports, system.memory_left, system.group.is_known) == (None, None, False)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_machine_tells_what_python_knows_of_it() -> None:
    import resource

    system = read_system()
    assert (system.files.soft, system.files.hard) == resource.getrlimit(resource.RLIMIT_NOFILE)
    assert system.cores == len(os.sched_getaffinity(0))
