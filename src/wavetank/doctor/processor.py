"""Cores and clocks: how much work can be done, and how well it can be timed."""

from __future__ import annotations

import math

from wavetank.doctor.finding import Finding, Level, unknown
from wavetank.doctor.kernel import Kernel
from wavetank.doctor.question import Question
from wavetank.execution.machine.system import System

_USERS_PER_CORE = 100_000
"""Users with a message every 4 s: 25,000 round trips a second, at 28 µs each, are 70 % of a core."""

_FAST_CLOCKS = ("tsc", "arch_sys_counter", "kvm-clock", "hyperv_clocksource_tsc_page", "timebase", "riscv_clocksource")
"""Clocks that a process reads without asking the kernel (vDSO)."""


def cores(question: Question, system: System) -> Finding:
    """How many processors this process may use."""
    needed = max(1, math.ceil(question.users / _USERS_PER_CORE))
    is_enough = system.cores >= needed
    beside = ", beside what the server on this machine takes" if question.is_here else ""
    return Finding(
        name="cores",
        title="cores",
        level=Level.OK if is_enough else Level.WARNING,
        found=f"{system.cores} usable",
        needed=f"about {needed} for a message of each user every 4 s{beside}",
        why="" if is_enough else "use more machines, or users that send less often",
        values={"usable": system.cores, "needed": needed},
    )


def container_cpu(question: Question, system: System) -> Finding:
    """The quota of a control group. Who has used it up stands still until the next period begins, mostly 100 ms."""
    name, title, quota = "container_cpu", "processor time of the container", system.group.cpus
    if quota is None:
        if not system.group.is_known:
            return unknown(name, title)
        return Finding(name=name, title=title, level=Level.OK, found="no quota")
    needed = max(1, math.ceil(question.users / _USERS_PER_CORE))
    level = Level.OK if quota >= system.cores else Level.WARNING if quota >= needed else Level.CRITICAL
    whole = max(needed, math.ceil(quota))
    return Finding(
        name=name,
        title=title,
        level=level,
        found=f"{quota:g} of {system.cores} cores",
        needed=f"{needed}, best no quota at all",
        why="" if level is Level.OK else "a generator that has used up its quota stands still, and measures itself",
        commands=()
        if level is Level.OK
        else (f"docker run --cpuset-cpus=0-{whole - 1} … (instead of --cpus)", "CPUQuota= (systemd)"),
        values={"quota": quota, "usable": system.cores, "needed": needed},
    )


def governor(kernel: Kernel) -> Finding:
    """Whether cores run at full speed at once. A virtual machine mostly cannot tell."""
    name, title, used = "cpu_governor", "speed of the cores", kernel.governors
    if not used:
        return unknown(name, title, "performance")
    is_good = used == ("performance",)
    return Finding(
        name=name,
        title=title,
        level=Level.OK if is_good else Level.WARNING,
        found=f"governor {', '.join(used)}",
        needed="performance",
        why="" if is_good else "cores that speed up only under load make the first messages after a pause slow",
        commands=() if is_good else ("sudo cpupower frequency-set -g performance",),
        values={"governors": " ".join(used)},
    )


def clock_source(kernel: Kernel) -> Finding:
    """What a reading of the clock costs: every message takes two."""
    name, title, clock = "clock_source", "clock", kernel.clock
    if not clock:
        return unknown(name, title, "tsc, or another one that costs no call of the kernel")
    is_good = clock in _FAST_CLOCKS
    better = next((other for other in kernel.clocks if other in _FAST_CLOCKS), None)
    path = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    return Finding(
        name=name,
        title=title,
        level=Level.OK if is_good else Level.WARNING,
        found=clock,
        needed="one that costs no call of the kernel",
        why="" if is_good else "each reading of this clock costs a call of the kernel, a microsecond or more",
        commands=() if is_good or better is None else (f"echo {better} | sudo tee {path}",),
        values={"clock": clock, "available": " ".join(kernel.clocks)},
    )
