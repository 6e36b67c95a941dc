"""Open files: each connection is one."""

from __future__ import annotations

from wavetank.doctor.finding import Finding, Level, unknown
from wavetank.doctor.question import Question
from wavetank.engine.worker.open_files import SPARE_FILES
from wavetank.execution.machine.limits import workers_for
from wavetank.execution.machine.remedies import more_files, sysctl
from wavetank.execution.machine.system import UNLIMITED, System


def open_files(question: Question, system: System) -> Finding:
    """The limit of one process. The soft one does not matter: every worker raises it to the hard one by itself."""
    name, title = "open_files", "open files of a process"
    files, cores, users = system.files, system.whole_cores, question.users
    on_each_core = -(-users // cores) + SPARE_FILES
    if files.hard is None:
        if system.platform == "win32":
            return Finding(name=name, title=title, level=Level.OK, found="no limit on this system")
        return unknown(name, title, f"{on_each_core:,} for each of {cores} workers")
    workers = workers_for(system, users)
    share = -(-users // workers) + SPARE_FILES
    fits, is_plain = share <= files.hard, workers <= cores
    level = Level.CRITICAL if not fits else Level.OK if is_plain else Level.WARNING
    why = ""
    if not fits:
        why = f"even {workers} workers hold no more than {workers * max(0, files.hard - SPARE_FILES):,} users"
    elif not is_plain:
        why = f"{workers} workers will be started on {cores} cores, because one cannot hold its share"
    return Finding(
        name=name,
        title=title,
        level=level,
        found=f"{_limit(files.hard)} (soft limit {_limit(files.soft)}, which is raised by itself)",
        needed=f"{on_each_core:,} with a worker on each of {cores} core{'s' if cores != 1 else ''}",
        why=why,
        commands=() if level is Level.OK else more_files(system, on_each_core),
        values={
            "soft": files.soft,
            "hard": files.hard,
            "most": files.most,
            "workers": workers,
            "needed": on_each_core,
        },
    )


def open_files_of_all(question: Question, system: System) -> Finding:
    """The limit of all processes together, which hold both ends of a connection to a server on this machine."""
    name, title = "open_files_of_all", "open files of all processes"
    files = system.files
    needed = question.users * question.ends + workers_for(system, question.users) * SPARE_FILES
    if files.system is None or files.used is None:
        return unknown(name, title, f"{needed:,} more")
    left = files.system - files.used
    level = Level.CRITICAL if left < needed else Level.WARNING if left < needed * 1.25 else Level.OK
    return Finding(
        name=name,
        title=title,
        level=level,
        found=f"{_limit(files.system)}, of which {files.used:,} are in use",
        needed=f"{needed:,} more",
        commands=() if level is Level.OK else (sysctl("fs.file-max", files.used + 2 * needed),),
        values={"most": files.system, "used": files.used, "needed": needed},
    )


def _limit(number: int | None) -> str:
    if number is None:
        return "unknown"
    return "no limit" if number >= UNLIMITED else f"{number:,}"
