"""Settings of the Linux kernel that matter to many connections, beyond what bounds a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wavetank.execution.machine.cgroup import is_there
from wavetank.execution.machine.system import number, numbers, text

_IPV4 = "proc/sys/net/ipv4"
_NETFILTER = "proc/sys/net/netfilter"
_CLOCKS = "sys/devices/system/clocksource/clocksource0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """None or an empty text: the system does not tell.

    `tcp_memory` are the three numbers of tcp_mem, in pages. `tracks`: whether the kernel keeps track of connections
    (nf_conntrack is loaded). `governors` are those in use.
    """

    tcp_tw_reuse: int | None = None
    somaxconn: int | None = None
    syn_backlog: int | None = None
    tcp_memory: tuple[int, int, int] | None = None
    tcp_memory_used: int | None = None
    tracks: bool | None = None
    tracked_most: int | None = None
    tracked: int | None = None
    governors: tuple[str, ...] = ()
    clock: str = ""
    clocks: tuple[str, ...] = ()


def read_kernel(root: Path) -> Kernel:
    """The settings as /proc and /sys beneath `root` tell them. What cannot be read is unknown, never an error."""
    memory = numbers(root / _IPV4 / "tcp_mem")
    most = number(root / _NETFILTER / "nf_conntrack_max")
    governors = {text(path) for path in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")}
    return Kernel(
        tcp_tw_reuse=number(root / _IPV4 / "tcp_tw_reuse"),
        somaxconn=number(root / "proc/sys/net/core/somaxconn"),
        syn_backlog=number(root / _IPV4 / "tcp_max_syn_backlog"),
        tcp_memory=(memory[0], memory[1], memory[2]) if len(memory) == 3 else None,
        tcp_memory_used=_tcp_pages(text(root / "proc/net/sockstat")),
        tracks=most is not None if is_there(root / "proc/sys/net") else None,
        tracked_most=most,
        tracked=number(root / _NETFILTER / "nf_conntrack_count"),
        governors=tuple(sorted(governors - {""})),
        clock=text(root / _CLOCKS / "current_clocksource"),
        clocks=tuple(text(root / _CLOCKS / "available_clocksource").split()),
    )


def _tcp_pages(sockstat: str) -> int | None:
    """25 of the line `TCP: inuse 103 orphan 0 tw 996 alloc 103 mem 25`."""
    for line in sockstat.splitlines():
        words = line.split()
        if words[:1] == ["TCP:"] and "mem" in words[:-1]:
            count = words[words.index("mem") + 1]
            return int(count) if count.isdigit() else None
    return None
