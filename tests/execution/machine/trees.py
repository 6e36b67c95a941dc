"""Trees of files that look like /proc and /sys of some machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

PLAIN = {
    "proc/self/limits": "Limit  Soft  Hard  Units\nMax open files            1024       524288       files\n",
    "proc/self/status": "Name:\tpython\nCpus_allowed_list:\t0-3\n",
    "proc/self/cgroup": "0::/user.slice/a.scope\n",
    "proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n",
    "proc/sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
    "proc/sys/net/ipv4/ip_local_reserved_ports": "\n",
    "proc/sys/net/ipv4/tcp_tw_reuse": "2\n",
    "proc/sys/net/ipv4/tcp_max_syn_backlog": "4096\n",
    "proc/sys/net/ipv4/tcp_mem": "190000\t250000\t380000\n",
    "proc/sys/net/core/somaxconn": "4096\n",
    "proc/sys/fs/nr_open": "1048576\n",
    "proc/sys/fs/file-max": "9223372036854775807\n",
    "proc/sys/fs/file-nr": "5000\t0\t9223372036854775807\n",
    "proc/net/sockstat": "sockets: used 120\nTCP: inuse 103 orphan 0 tw 996 alloc 103 mem 25\n",
    "proc/meminfo": "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\n",
    "sys/devices/system/cpu/online": "0-7\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet acpi_pm\n",
    "sys/fs/cgroup/user.slice/a.scope/cpu.max": "max 100000\n",
    "sys/fs/cgroup/user.slice/a.scope/memory.max": "max\n",
}
"""A machine with four cores of eight, and nothing in the way."""


def tree(root: Path, files: Mapping[str, str | None], base: Mapping[str, str] = PLAIN) -> Path:
    """`base` with `files` laid over it; None takes a file away."""
    for name, content in {**base, **files}.items():
        if content is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
    return root
