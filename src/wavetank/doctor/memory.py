"""Memory: of the machine, of the container, and what the kernel keeps for TCP."""

from __future__ import annotations

import math
import mmap

from wavetank.doctor.finding import Finding, Level, unknown
from wavetank.doctor.kernel import Kernel
from wavetank.doctor.question import Question
from wavetank.execution.machine.limits import memory_for, workers_for
from wavetank.execution.machine.remedies import sysctl
from wavetank.execution.machine.system import System


def memory(question: Question, system: System) -> Finding:
    """What the machine has left."""
    needed, left = memory_for(question.users, workers_for(system, question.users)), system.memory.available
    if left is None:
        return unknown("memory", "memory", f"about {_megabytes(needed)}")
    level = _level(needed, left)
    return Finding(
        name="memory",
        title="memory",
        level=level,
        found=f"{_megabytes(left)} available",
        needed=f"about {_megabytes(needed)}",
        why="" if level is Level.OK else "stop other programs, use a larger machine, or fewer users",
        values={"available": left, "total": system.memory.total, "needed": needed},
    )


def container_memory(question: Question, system: System) -> Finding:
    """What a control group leaves of it; the system kills what takes more."""
    name, title, group = "container_memory", "memory of the container", system.group
    needed = memory_for(question.users, workers_for(system, question.users))
    if group.memory is None or group.memory_left is None:
        if not group.is_known:
            return unknown(name, title)
        return Finding(name=name, title=title, level=Level.OK, found="no limit")
    level = _level(needed, group.memory_left)
    wanted = math.ceil((group.memory - group.memory_left + 1.25 * needed) / 2**20)
    return Finding(
        name=name,
        title=title,
        level=level,
        found=f"{_megabytes(group.memory)}, of which {_megabytes(group.memory_left)} are left",
        needed=f"about {_megabytes(needed)}",
        why="" if level is Level.OK else "the system kills what takes more",
        commands=() if level is Level.OK else (f"docker run --memory={wanted}m …", f"MemoryMax={wanted}M (systemd)"),
        values={"limit": group.memory, "left": group.memory_left, "needed": needed},
    )


def tcp_memory(question: Question, kernel: Kernel) -> Finding:
    """Pages that the kernel lends to all TCP sockets: at the second number it begins to save, at the third it drops.

    Documentation/networking/ip-sysctl.rst. A socket with a message under way holds at least a page.
    """
    name, title, limits = "tcp_mem", "memory of the kernel for TCP", kernel.tcp_memory
    needed = (kernel.tcp_memory_used or 0) + question.users * question.ends
    if limits is None:
        return unknown(name, title, f"{needed:,} pages")
    low, pressure, high = limits
    level = Level.CRITICAL if needed > high else Level.WARNING if needed > pressure else Level.OK
    wider = f"{needed * 3 // 2} {needed * 2} {needed * 3}"
    return Finding(
        name=name,
        title=title,
        level=level,
        found=f"saves from {_megabytes(pressure * mmap.PAGESIZE)} on, drops from {_megabytes(high * mmap.PAGESIZE)} on",
        needed=f"{_megabytes(needed * mmap.PAGESIZE)}, if every user has a message under way at once",
        why="" if level is Level.OK else "TCP makes its windows small, or drops what comes in",
        commands=() if level is Level.OK else (sysctl("net.ipv4.tcp_mem", wider),),
        values={"low": low, "pressure": pressure, "high": high, "used": kernel.tcp_memory_used, "needed": needed},
    )


def _level(needed: int, left: int) -> Level:
    return Level.CRITICAL if needed > left else Level.WARNING if needed > 0.8 * left else Level.OK


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
