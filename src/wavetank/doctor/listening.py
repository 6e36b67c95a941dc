"""How many connects may wait for a server on this machine to accept them."""

from __future__ import annotations

from wavetank.doctor.finding import Finding, Level, unknown
from wavetank.doctor.kernel import Kernel
from wavetank.doctor.question import Place, Question
from wavetank.execution.machine.remedies import network_sysctl
from wavetank.execution.machine.system import System

_BURST = 4096
"""Connects that may wait: a server that stands still for a second at 4,000 new users a second."""


def somaxconn(question: Question, system: System, kernel: Kernel) -> Finding:
    """The longest queue that a listening socket may ask for."""
    return _queue(
        question, system, "somaxconn", "net.core.somaxconn", "connects that wait for accept", kernel.somaxconn
    )


def syn_backlog(question: Question, system: System, kernel: Kernel) -> Finding:
    """The longest queue of connects whose handshake is under way."""
    name, title = "tcp_max_syn_backlog", "connects under way"
    return _queue(question, system, name, "net.ipv4.tcp_max_syn_backlog", title, kernel.syn_backlog)


def _queue(question: Question, system: System, name: str, setting: str, title: str, value: int | None) -> Finding:
    if question.place is Place.ELSEWHERE:
        return Finding(
            name=name,
            title=title,
            level=Level.OK,
            found=f"{setting} = {'unknown' if value is None else value}",
            needed="nothing here: it counts on the server's machine",
            values={"value": value, "needed": None},
        )
    needed = min(question.users, _BURST)
    if value is None:
        return unknown(name, title, f"{needed:,}")
    is_enough = value >= needed
    return Finding(
        name=name,
        title=title,
        level=Level.OK if is_enough else Level.WARNING,
        found=f"{setting} = {value}",
        needed=f"{needed:,}, for a server on this machine",
        why="" if is_enough else "a burst of connects is dropped, and tried again by TCP after a second",
        commands=() if is_enough else (network_sysctl(system, setting, _BURST),),
        values={"value": value, "needed": needed},
    )
