"""What a connection needs between here and there: a port, an entry in a table of connections."""

from __future__ import annotations

from wavetank.doctor.finding import Finding, Level, unknown
from wavetank.doctor.kernel import Kernel
from wavetank.doctor.question import Place, Question
from wavetank.execution.machine.remedies import addresses_for, network_sysctl, sysctl, wider_ports
from wavetank.execution.machine.system import System


def ephemeral_ports(question: Question, system: System) -> Finding:
    """How many connections to one server the source addresses have ports for."""
    name, title = "ephemeral_ports", "ports to connect from"
    users, each, addresses = question.users, system.ports_per_address, question.addresses
    if each is None or system.ports is None:
        return unknown(name, title, f"{users:,}")
    half, wanted = each // 2 * addresses, addresses_for(system, users)
    level, why = Level.OK, ""
    commands: tuple[str, ...] = ()
    if users > half:
        level = Level.WARNING
        why = "past half of the ports each connect searches long for a free one"
        commands = (
            f"config.ws.localAddress: [{wanted} addresses of this machine]",
            *wider_ports(system, users, addresses),
        )
    if users > each * addresses:
        why = "the others fail with no_free_port"
        if question.place is not Place.ANYWHERE:
            level = Level.CRITICAL
    if users > half and question.place is Place.ANYWHERE and system.platform == "linux":
        why += "; a server on 127.0.0.1 is connected to from as many addresses as it takes"
    low, high = system.ports
    return Finding(
        name=name,
        title=title,
        level=level,
        found=f"{each:,} ({low} to {high}) on each of {addresses} source address{'es' if addresses != 1 else ''}",
        needed=f"{users:,} to one server, best on {wanted} address{'es' if wanted != 1 else ''}",
        why=why,
        commands=commands,
        values={"low": low, "high": high, "each": each, "addresses": addresses, "best_addresses": wanted},
    )


def tcp_tw_reuse(question: Question, system: System, kernel: Kernel) -> Finding:
    """Whether a port can be used again within the minute after its connection was closed (TIME_WAIT)."""
    name, title, setting = "tcp_tw_reuse", "ports used again", kernel.tcp_tw_reuse
    if setting is None:
        return unknown(name, title)
    reused = {0: "never within a minute", 1: "after a second", 2: "after a second on loopback, else after a minute"}
    ports = (system.ports_per_address or 0) * question.addresses
    lingers = setting == 0 or (setting != 1 and question.place is not Place.LOOPBACK)
    is_short = lingers and 2 * question.users > ports > 0
    return Finding(
        name=name,
        title=title,
        level=Level.WARNING if is_short else Level.OK,
        found=f"net.ipv4.tcp_tw_reuse = {setting}, {reused.get(setting, 'in a way not known here')}",
        needed="1, where as many users come as there are ports, or reconnect, within a minute",
        why="users that come within a minute after others left may find no free port" if is_short else "",
        commands=(network_sysctl(system, "net.ipv4.tcp_tw_reuse", 1),) if is_short else (),
        values={"value": setting},
    )


def conntrack(question: Question, kernel: Kernel) -> Finding:
    """The table of a firewall that follows connections. Once it is full, new ones are dropped without a word."""
    name, title = "conntrack", "connections that are tracked"
    if kernel.tracks is None:
        return unknown(name, title)
    most = kernel.tracked_most
    if most is None:
        return Finding(name=name, title=title, level=Level.OK, found="nf_conntrack is not loaded")
    used = kernel.tracked or 0
    needed = used + question.users
    level = Level.CRITICAL if needed > most else Level.WARNING if needed > 0.8 * most else Level.OK
    return Finding(
        name=name,
        title=title,
        level=level,
        found=f"at most {most:,}, and {used:,} now",
        needed=f"{needed:,}, if a rule has these connections tracked",
        why="" if level is Level.OK else "when the table is full, packets of new connections are dropped",
        commands=() if level is Level.OK else (sysctl("net.netfilter.nf_conntrack_max", 2 * needed),),
        values={"most": most, "used": used, "needed": needed},
    )
