"""Everything that the doctor looks at, in the order in which it is shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from wavetank.doctor import files, listening, memory, ports, processor
from wavetank.doctor.finding import Finding, Level, worst
from wavetank.doctor.kernel import Kernel, read_kernel
from wavetank.doctor.question import Question
from wavetank.doctor.target import look_at
from wavetank.execution.machine.system import System, read_system

SCHEMA = 1
"""Of `as_data`. It changes when a key is taken away or means something else, not when one is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found. Reading it again may find something else: memory and open files change by the second."""

    question: Question
    platform: str
    findings: tuple[Finding, ...]
    target: str | None = None

    @property
    def verdict(self) -> Level:
        """`ok`, `warning` or `critical`, of all findings."""
        return worst([finding.level for finding in self.findings])

    def as_data(self) -> dict[str, object]:
        """Plain data for JSON, described in docs/doctor.md."""
        return {
            "schema": SCHEMA,
            "users": self.question.users,
            "target": self.target,
            "place": self.question.place.value,
            "platform": self.platform,
            "verdict": self.verdict.value,
            "findings": [
                {
                    "name": finding.name,
                    "title": finding.title,
                    "level": finding.level.value,
                    "found": finding.found,
                    "needed": finding.needed,
                    "why": finding.why,
                    "commands": list(finding.commands),
                    "values": dict(finding.values),
                }
                for finding in self.findings
            ],
        }


def examine(users: int, target: str | None = None, root: Path = Path("/"), platform: str = sys.platform) -> Examination:
    """Looks at this machine, as /proc and /sys beneath `root` show it, and at the target if there is one.

    Raises ValueError for a target that is no WebSocket URL.
    """
    seen = None if target is None else look_at(target)
    question = Question(users=users) if seen is None else Question(users=users, place=seen.place, spreads=seen.spreads)
    kernel = read_kernel(root) if platform == "linux" else Kernel()
    findings = machine_findings(question, read_system(root, platform), kernel)
    return Examination(
        question=question,
        platform=platform,
        findings=findings if seen is None else (*findings, *seen.findings),
        target=target,
    )


def machine_findings(question: Question, system: System, kernel: Kernel) -> tuple[Finding, ...]:
    """Every check of the machine. Nothing is read here."""
    return (
        processor.cores(question, system),
        processor.container_cpu(question, system),
        processor.governor(kernel),
        processor.clock_source(kernel),
        files.open_files(question, system),
        files.open_files_of_all(question, system),
        ports.ephemeral_ports(question, system),
        ports.tcp_tw_reuse(question, system, kernel),
        ports.conntrack(question, kernel),
        listening.somaxconn(question, system, kernel),
        listening.syn_backlog(question, system, kernel),
        memory.memory(question, system),
        memory.container_memory(question, system),
        memory.tcp_memory(question, kernel),
    )
