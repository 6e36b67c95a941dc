"""Settings of the kernel, read from trees of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.execution.machine.trees import tree
from wavetank.doctor.kernel import Kernel, read_kernel

NETFILTER = {
    "proc/sys/net/netfilter/nf_conntrack_max": "262144\n",
    "proc/sys/net/netfilter/nf_conntrack_count": "17\n",
}


def test_the_settings_are_read(tmp_path: Path) -> None:
    assert read_kernel(tree(tmp_path, dict(NETFILTER))) == Kernel(
        tcp_tw_reuse=2,
        somaxconn=4096,
        syn_backlog=4096,
        tcp_memory=(190_000, 250_000, 380_000),
        tcp_memory_used=25,
        tracks=True,
        tracked_most=262_144,
        tracked=17,
        governors=("performance",),
        clock="tsc",
        clocks=("tsc", "hpet", "acpi_pm"),
    )


def test_a_table_that_is_not_there_is_not_loaded(tmp_path: Path) -> None:
    assert read_kernel(tree(tmp_path, {})).tracks is False


def test_every_governor_in_use_is_told_once(tmp_path: Path) -> None:
    other = {"sys/devices/system/cpu/cpu9/cpufreq/scaling_governor": "powersave\n"}
    assert read_kernel(tree(tmp_path, other)).governors == ("performance", "powersave")


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    assert read_kernel(tmp_path) == Kernel()


@pytest.mark.parametrize("sockstat", ["", "TCP: mem", "TCP: inuse 3 mem many", "UDP: inuse 0 mem 3"])
def test_a_strange_count_of_pages_is_unknown(tmp_path: Path, sockstat: str) -> None:
    assert read_kernel(tree(tmp_path, {"proc/net/sockstat": sockstat})).tcp_memory_used is None
