"""How many workers carry a plan, and what this machine cannot hold of it: said before the run, not found out in it."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from wavetank.engine.connecting.sources import LOOPBACK_ADDRESSES, is_own_address
from wavetank.engine.worker.open_files import SPARE_FILES
from wavetank.errors import RunError
from wavetank.execution.machine.remedies import addresses_for, more_files, sysctl, wider_ports
from wavetank.execution.machine.system import System, read_system
from wavetank.plan.forecast import forecast
from wavetank.plan.local_addresses import address_range, count_addresses
from wavetank.plan.model import Plan

USER_BYTES = 20_000
"""What an open user takes, all told: the bound that the project holds itself to."""

WORKER_BYTES = 60_000_000
"""What a worker takes before it has users: Python, numpy, orjson, the histograms."""

WORKERS_PER_CORE = 8
"""No more are started unasked: beyond, they would be in each other's way more than they carry."""

_ADDRESSES_TRIED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What to start, and what to say first.

    `peak_users` are there at once by the plan, if no session takes longer than its steps. `notices` are sentences for
    whoever started the run; `problems` say what will fall short, and with which command it would not.
    """

    workers: int
    peak_users: int
    notices: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def capacity(
    plan: Plan,
    workers: int | None = None,
    system: System | None = None,
    is_ours: Callable[[str], bool] = is_own_address,
) -> Capacity:
    """How many workers carry the plan here; `workers` are asked for, None leaves it to the machine.

    Unasked it is one worker per core, more where a process cannot hold its share of open files, and never more than
    there are users. `system`: what the machine allows, None looks. `is_ours` tells whether an address belongs to this
    machine. Raises RunError where not even one connection could be opened, ValueError for phases that cannot be.
    """
    system = read_system() if system is None else system
    planned = forecast(plan)
    users = planned.peak_users
    each = _users_per_worker(system)
    notices: list[str] = []
    chosen = workers or max(1, min(workers_for(system, users), max(users, planned.users)))
    if workers is None and chosen > system.whole_cores:
        notices.append(
            f"{_workers(chosen)} instead of {system.whole_cores}: a process may hold {system.files.hard or 0:,} open "
            f"files, and about {users:,} users are there at once."
        )
    notices.extend(_crowded(plan, system, users))
    problems = (
        *_files(system, users, chosen, each),
        *_files_in_all(plan, system, users, chosen),
        *_memory(system, users, chosen),
        *_ports(plan, system, users),
        *_foreign(plan, is_ours),
    )
    return Capacity(workers=chosen, peak_users=users, notices=tuple(notices), problems=problems)


def source_addresses(plan: Plan, platform: str) -> int:
    """From how many addresses connections to the target can come."""
    options = plan.connection
    host = urlsplit(plan.target).hostname or ""
    if options.local_addresses:
        version = _version(host)
        return max(count_addresses(options.local_addresses, each) for each in ((version,) if version else (4, 6)))
    spreads = platform == "linux" and options.proxy is None and is_loopback(host) and _version(host) != 6
    return LOOPBACK_ADDRESSES if spreads else 1


def is_loopback(host: str) -> bool:
    """Whether a host's name or address says that it is this machine; nothing is resolved."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def workers_for(system: System, users: int) -> int:
    """One for each core, and more where a process cannot hold its share of so many users' files."""
    cores, hard = system.whole_cores, system.files.hard
    each = users if hard is None else max(1, hard - SPARE_FILES)
    return max(cores, min(-(-users // max(1, each)), WORKERS_PER_CORE * cores))


def _users_per_worker(system: System) -> int | None:
    """None: nobody knows, or there is no limit."""
    hard = system.files.hard
    if hard is None:
        return None
    if hard <= SPARE_FILES:
        raise RunError(
            f"A process may hold {hard} open files here, which leaves none for connections. Raise the limit: "
            f"{_commands(more_files(system, 1024))}"
        )
    return hard - SPARE_FILES


def _files(system: System, users: int, workers: int, each: int | None) -> Iterator[str]:
    if each is None or workers * each >= users:
        return
    share, enough = -(-users // workers) + SPARE_FILES, -(-users // each)
    instead = f" (or start more: --workers {enough})" if enough <= WORKERS_PER_CORE * system.whole_cores else ""
    yield (
        f"{_workers(workers)} can hold {workers * each:,} connections, and about {users:,} users are there at once: "
        f"the others will fail with too_many_open_files. Raise the limit of open files, {system.files.hard:,}, first: "
        f"{_commands(more_files(system, share))}{instead}"
    )


def _files_in_all(plan: Plan, system: System, users: int, workers: int) -> Iterator[str]:
    files = system.files
    ends = 2 if is_loopback(urlsplit(plan.target).hostname or "") else 1
    needed = users * ends + workers * SPARE_FILES
    if files.system is None or files.used is None or files.system - files.used >= needed:
        return
    yield (
        f"All processes of this machine together may hold {files.system:,} open files, of which {files.used:,} are in "
        f"use, and the run needs {needed:,}: connections will fail with too_many_open_files. "
        f"Raise it first: {sysctl('fs.file-max', files.used + 2 * needed)}"
    )


def _memory(system: System, users: int, workers: int) -> Iterator[str]:
    needed, left = memory_for(users, workers), system.memory_left
    if left is None or needed <= left:
        return
    where = "this machine has"
    how = "use a machine with more, or fewer users"
    if system.group.memory_left == left and system.group.memory is not None:
        where = "the control group (container) of this process has"
        how = f"give it more (docker run --memory={math.ceil((system.group.memory - left + needed) / 2**20)}m …)"
    yield (
        f"About {users:,} users at once take about {_megabytes(needed)}, and {where} {_megabytes(left)} left: the "
        f"system may end the run in the middle; {how}."
    )


def _ports(plan: Plan, system: System, users: int) -> Iterator[str]:
    each, addresses = system.ports_per_address, source_addresses(plan, system.platform)
    if each is None or users <= each * addresses:
        return
    wider = wider_ports(system, users, addresses)
    yield (
        f"Connections to {plan.target} can come from {_addresses(addresses)} with {each:,} ports each, and about "
        f"{users:,} users are there at once: the others will fail with no_free_port. Name {_wanted(system, users)} "
        f"addresses of this machine as config.ws.localAddress{' (or ' + _commands(wider) + ')' if wider else ''}."
    )


def _crowded(plan: Plan, system: System, users: int) -> Iterator[str]:
    """More than half of the ports: it will go, and cost."""
    each, addresses = system.ports_per_address, source_addresses(plan, system.platform)
    if each is not None and each * addresses // 2 < users <= each * addresses:
        yield (
            f"More than half of the ports towards {plan.target} will be in use, and then the system searches long for "
            f"a free one at each connect: {_wanted(system, users)} addresses of this machine as config.ws.localAddress "
            "would spare it that."
        )


def _foreign(plan: Plan, is_ours: Callable[[str], bool]) -> Iterator[str]:
    foreign = [address for address in _examples(plan.connection.local_addresses) if not is_ours(address)]
    if foreign:
        listed = ", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else "")
        yield (
            f"{listed} of config.ws.localAddress {'is no address' if len(foreign) == 1 else 'are no addresses'} of "
            f"this machine: connections from there will fail with bad_local_address. Add "
            f"{'it' if len(foreign) == 1 else 'them'} first: sudo ip address add {foreign[0]} dev …"
        )


def _examples(texts: Iterable[str]) -> Iterator[str]:
    """The first addresses of each range and its last one: those that are missing are mostly there."""
    for one in map(address_range, texts):
        for index in range(min(one.count, _ADDRESSES_TRIED)):
            yield one[index]
        if one.count > _ADDRESSES_TRIED:
            yield one[one.count - 1]


def memory_for(users: int, workers: int) -> int:
    """Bytes that a run takes at its peak, by the bounds that the project holds itself to."""
    return users * USER_BYTES + workers * WORKER_BYTES


def _version(host: str) -> int | None:
    try:
        return ipaddress.ip_address(host).version
    except ValueError:
        return None


def _wanted(system: System, users: int) -> str:
    return f"{addresses_for(system, users) or 0:,}"


def _commands(commands: Iterable[str]) -> str:
    return " && ".join(commands) or "see the system's manual"


def _workers(count: int) -> str:
    return f"{count} worker{'s' if count != 1 else ''}"


def _addresses(count: int) -> str:
    return f"{count:,} address{'es' if count != 1 else ''}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
