"""Control groups of both versions, as containers have them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.execution.machine.trees import tree
from wavetank.execution.machine.cgroup import ControlGroup, read_control_group

V2 = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = (
    "30 23 0:27 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
    "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "33 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)
UNLIMITED_V1 = "9223372036854771712\n"


def group(root: Path, files: dict[str, str | None], mounts: str = V2, paths: str = "0::/\n") -> ControlGroup:
    described = {"proc/self/mountinfo": mounts, "proc/self/cgroup": paths}
    return read_control_group(tree(root, {**described, **files}, base={}))


def test_a_container_of_version_2_sees_its_own_group_as_the_top(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/cpu.max": "150000 100000\n",
        "sys/fs/cgroup/memory.max": "1000000\n",
        "sys/fs/cgroup/memory.current": "600000\n",
        "sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 250000\nactive_file 5\n",
    }
    assert group(tmp_path, files) == ControlGroup(is_known=True, cpus=1.5, memory=1_000_000, memory_left=650_000)


def test_the_tightest_of_all_groups_above_holds(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
        "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
        "sys/fs/cgroup/a/b/c/cpu.max": "400000 100000\n",
        "sys/fs/cgroup/a/memory.max": "5000\n",
        "sys/fs/cgroup/a/memory.current": "4900\n",
        "sys/fs/cgroup/a/b/c/memory.max": "2000\n",
        "sys/fs/cgroup/a/b/c/memory.current": "100\n",
    }
    found = group(tmp_path, files, paths="0::/a/b/c\n")
    assert found == ControlGroup(is_known=True, cpus=0.5, memory=5000, memory_left=100)


def test_version_1_beside_an_empty_version_2_is_read(tmp_path: Path) -> None:
    files = {
        "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "300000\n",
        "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "2000000\n",
        "sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes": "1500000\n",
        "sys/fs/cgroup/memory/docker/x/memory.stat": "cache 9\ntotal_inactive_file 500000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED_V1,
        "sys/fs/cgroup/unified/cgroup.controllers": "\n",
    }
    found = group(tmp_path, files, V1, "4:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n0::/\n")
    assert found == ControlGroup(is_known=True, cpus=3.0, memory=2_000_000, memory_left=1_000_000)


def test_a_container_of_version_1_is_mounted_at_its_own_group(tmp_path: Path) -> None:
    mounts = "31 30 0:28 /docker/x /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
    files = {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}
    assert group(tmp_path, files, mounts, "2:cpu:/docker/x\n").cpus == 2.0


def test_a_mount_with_a_space_in_its_name_is_found(tmp_path: Path) -> None:
    found = group(
        tmp_path, {"my groups/cpu.max": "100000 100000"}, "31 30 0:28 / /my\\040groups rw - cgroup2 none rw\n"
    )
    assert found.cpus == 1.0


def test_a_group_outside_of_the_namespace_is_no_way_out_of_the_tree(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("1 100000")
    assert group(tmp_path / "root", {}, paths="0::/../../../..\n").cpus is None


@pytest.mark.parametrize(
    ("mounts", "paths"), [("", ""), ("nonsense", "nonsense"), (V1, "::\n0::\n"), (" - cgroup2", "0::/a")]
)
def test_nothing_to_read_is_no_limit(tmp_path: Path, mounts: str, paths: str) -> None:
    found = group(tmp_path, {}, mounts, paths)
    assert (found.cpus, found.memory, found.is_known) == (None, None, False)


def test_a_folder_that_may_not_be_looked_into_is_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    tree(tmp_path, {"proc/self/mountinfo": V2, "proc/self/cgroup": "0::/\n"}, base={})
    monkeypatch.setattr(Path, "stat", refuse)
    assert read_control_group(tmp_path) == ControlGroup()


@given(
    depth=st.integers(0, 5),
    limits=st.lists(st.tuples(st.integers(1000, 10**7), st.integers(1000, 10**6)), max_size=6),
)
def test_the_quota_is_the_least_on_the_way_up(depth: int, limits: list[tuple[int, int]]) -> None:
    way = [f"g{number}" for number in range(depth)]
    files: dict[str, str | None] = {}
    seen = []
    for level, (quota, period) in enumerate(limits[: depth + 1]):
        files["/".join(("sys/fs/cgroup", *way[:level], "cpu.max"))] = f"{quota} {period}\n"
        seen.append(quota / period)
    with tempfile.TemporaryDirectory() as folder:
        found = group(Path(folder), files, paths=f"0::/{'/'.join(way)}\n")
    assert found.cpus == min(seen, default=None)


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=30))
def test_no_text_is_too_strange_to_be_read(mounts: str, paths: str, limit: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, str | None] = {
            f"sys/fs/cgroup/{name}": limit for name in ("cpu.max", "memory.max", "memory.current")
        }
        found = group(Path(folder), files, V2 + mounts, paths)
    assert found.cpus is None or found.cpus > 0
    assert (found.memory is None) == (found.memory_left is None)
    assert found.memory is None or 0 <= (found.memory_left or 0) <= found.memory
