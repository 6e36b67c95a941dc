"""The commands that give a run more of what it lacks. They are shown, never carried out."""

from __future__ import annotations

from wavetank.execution.machine.system import System

WIDEST_PORTS = (1024, 65535)


def more_files(system: System, files: int) -> tuple[str, ...]:
    """Let one process hold `files` open files."""
    if system.platform == "darwin":
        return (f"sudo launchctl limit maxfiles {files} {files}", f"ulimit -n {files}")
    if system.platform != "linux":
        return ()
    raised = (sysctl("fs.nr_open", files),) if system.files.most is not None and system.files.most < files else ()
    if system.is_container:
        return (*raised, f"docker run --ulimit nofile={files}:{files} …")
    return (*raised, f"sudo prlimit --nofile={files}:{files} --pid $$")


def wider_ports(system: System, connections: int, addresses: int = 1) -> tuple[str, ...]:
    """Let `addresses` have ports for `connections` to one server; nothing if no range of ports is wide enough."""
    widest = (WIDEST_PORTS[1] - WIDEST_PORTS[0] + 1 - system.reserved_ports) * addresses
    if system.platform != "linux" or system.ports is None or connections > widest:
        return ()
    return (network_sysctl(system, "net.ipv4.ip_local_port_range", f"{WIDEST_PORTS[0]} {WIDEST_PORTS[1]}"),)


def addresses_for(system: System, connections: int) -> int | None:
    """How many source addresses it takes so that no connect has to search long: half the ports of each are in use.

    connect() looks at every second port first, so the second half of them costs a search of the first one.
    """
    ports = system.ports_per_address
    return None if not ports else max(1, -(-connections // max(1, ports // 2)))


def sysctl(name: str, value: int | str) -> str:
    """Set a setting of the kernel until the next boot."""
    return f"sudo sysctl -w {name}={value}" if isinstance(value, int) else f'sudo sysctl -w {name}="{value}"'


def network_sysctl(system: System, name: str, value: int | str) -> str:
    """The same for a setting that each network namespace, and so each container, has for itself."""
    if not system.is_container:
        return sysctl(name, value)
    return (
        f"docker run --sysctl {name}={value} …" if isinstance(value, int) else f'docker run --sysctl {name}="{value}" …'
    )
