"""A look at the target: its name, its place, and one connection. Nothing is sent but the TLS handshake of wss://."""

from __future__ import annotations

import socket
import ssl
import sys
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlsplit

from wavetank.doctor.finding import Finding, Level
from wavetank.doctor.question import Place
from wavetank.engine.connecting.sources import is_own_address
from wavetank.plan.urls import join_url

_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What was seen of it. `spreads`: connections to it come from all of 127.0.0.0/8."""

    place: Place
    spreads: bool
    findings: tuple[Finding, ...]


def look_at(url: str) -> Target:
    """Resolves the name, connects once, and closes again; TCP and TLS may take 5 s each.

    Raises ValueError for a URL that is none of a WebSocket.
    """
    parts = urlsplit(join_url(url, ""))
    is_secure = parts.scheme == "wss"
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    begun = perf_counter_ns()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        finding = Finding(
            name="target_address",
            title="address of the target",
            level=Level.CRITICAL,
            found=f"{host} cannot be resolved: {said}",
            needed="a name that is known here",
            values={"host": host, "addresses": None, "place": None, "resolve_ms": None},
        )
        return Target(place=Place.ANYWHERE, spreads=False, findings=(finding,))
    resolve_ms = _since(begun)
    attempt = _connect(found)
    place, spreads = _place(attempt.address)
    findings = [
        _address(host, list(dict.fromkeys(str(address[0]) for *_, address in found)), place, resolve_ms),
        _reached(port, attempt),
    ]
    if attempt.connection is not None:
        with attempt.connection:
            if is_secure:
                findings.append(_tls(attempt.connection, host))
    return Target(place=place, spreads=spreads, findings=tuple(findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """The connection to the first address that took it, or how the last one refused."""

    connection: socket.socket | None
    address: str
    connect_ms: float
    error: str = ""


def _connect(found: list[Any]) -> _Attempt:
    failed = _Attempt(connection=None, address="", connect_ms=0.0, error="it has no address")
    for family, kind, protocol, _, destination in found:
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(_PATIENCE_S)
        begun = perf_counter_ns()
        try:
            connection.connect(destination)
        except OSError as error:
            connection.close()
            failed = _Attempt(connection=None, address=destination[0], connect_ms=_since(begun), error=_said(error))
        else:
            return _Attempt(connection=connection, address=destination[0], connect_ms=_since(begun))
    return failed


def _place(address: str) -> tuple[Place, bool]:
    """Where an address is, and whether connections to it are spread over all of loopback by themselves."""
    is_old_loopback = address.startswith("127.")
    if is_old_loopback or address == "::1":
        return Place.LOOPBACK, is_old_loopback and sys.platform == "linux"
    return (Place.THIS_MACHINE if is_own_address(address) else Place.ELSEWHERE), False


def _address(host: str, addresses: list[str], place: Place, resolve_ms: float) -> Finding:
    where = {
        Place.LOOPBACK: "loopback: both ends of each connection are on this machine",
        Place.THIS_MACHINE: "an address of this machine, which carries both ends of each connection",
    }.get(place, "another machine")
    known = ", ".join(addresses)
    named = host if known == host else f"{host} is {known}, resolved in {resolve_ms:.1f} ms"
    return Finding(
        name="target_address",
        title="address of the target",
        level=Level.OK,
        found=f"{named}, {where}",
        values={"host": host, "addresses": " ".join(addresses), "place": place.value, "resolve_ms": resolve_ms},
    )


def _reached(port: int, attempt: _Attempt) -> Finding:
    is_there = attempt.connection is not None
    shown = f"[{attempt.address}]:{port}" if ":" in attempt.address else f"{attempt.address}:{port}"
    return Finding(
        name="target_connect",
        title="connection to the target",
        level=Level.OK if is_there else Level.CRITICAL,
        found=f"{shown} accepted in {attempt.connect_ms:.2f} ms"
        if is_there
        else f"{shown} could not be connected to: {attempt.error}",
        needed="" if is_there else "a server that accepts connections",
        why="" if is_there else "is the server running, and does a firewall let this machine through?",
        values={"address": attempt.address, "port": port, "connect_ms": attempt.connect_ms if is_there else None},
    )


def _tls(connection: socket.socket, host: str) -> Finding:
    name, title = "target_tls", "TLS of the target"
    begun = perf_counter_ns()
    try:
        with ssl.create_default_context().wrap_socket(connection, server_hostname=host) as secured:
            took_ms, version = _since(begun), secured.version() or ""
    except ssl.SSLCertVerificationError as error:
        # A script may well trust it: what is known here is only that this machine does not.
        level, said = Level.WARNING, f"this machine does not trust its certificate: {error.verify_message}"
        why = "name its authority as config.tls.ca, or take any certificate with config.tls.rejectUnauthorized: false"
    except OSError as error:  # every ssl.SSLError is one
        level, said = Level.CRITICAL, f"no TLS: {_said(error)}"
        why = "is it a ws:// server?"
    else:
        return Finding(
            name=name,
            title=title,
            level=Level.OK,
            found=f"{version} in {took_ms:.1f} ms",
            values={"version": version, "handshake_ms": took_ms},
        )
    return Finding(
        name=name,
        title=title,
        level=level,
        found=said,
        needed="a certificate that is trusted here",
        why=why,
        values={"version": None, "handshake_ms": None},
    )


def _said(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {_PATIENCE_S:g} s"
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return reason or str(error)


def _since(begun_ns: int) -> float:
    """Milliseconds, to the microsecond."""
    return round((perf_counter_ns() - begun_ns) / 1e6, 3)
