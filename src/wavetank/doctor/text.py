"""An examination as text: a line for what is well, a few for what is not."""

from __future__ import annotations

from wavetank.doctor.examination import Examination
from wavetank.doctor.finding import Finding, Level

_WIDTH = max(len(level) for level in Level) + 2


def as_text(examination: Examination) -> str:
    """Readable without colour; a command stands on a line of its own, behind `$` where a shell takes it."""
    users = examination.question.users
    lines = [f"Is this machine ready for {users:,} user{'s' if users != 1 else ''} at once?", ""]
    for finding in examination.findings:
        lines.extend(_lines(finding))
    lines.extend(("", _conclusion(examination)))
    return "\n".join(lines)


def _lines(finding: Finding) -> list[str]:
    needed = f"; needed: {finding.needed}" if finding.needed else ""
    lines = [f"{finding.level:<{_WIDTH}}{finding.title}: {finding.found}{needed}"]
    if finding.level in (Level.WARNING, Level.CRITICAL):
        lines.extend(" " * _WIDTH + line for line in (finding.why, *map(_command, finding.commands)) if line)
    return lines


def _command(command: str) -> str:
    return f"$ {command}" if command.startswith(("sudo ", "docker ", "echo ", "ulimit ")) else command


def _conclusion(examination: Examination) -> str:
    levels = [finding.level for finding in examination.findings]
    counts = [f"{levels.count(level)} {level}" for level in (Level.CRITICAL, Level.WARNING) if level in levels]
    unknown = levels.count(Level.UNKNOWN)
    verdict = {
        Level.OK: f"ok: nothing stands in the way ({levels.count(Level.OK)} ok).",
        Level.WARNING: f"warning: it will go, but something may get in the way ({', '.join(counts)}).",
        Level.CRITICAL: f"critical: it will not go as it is ({', '.join(counts)}).",
    }[examination.verdict]
    return f"{verdict} The system does not tell {unknown} of them." if unknown else verdict
