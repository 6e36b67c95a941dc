"""Whatever goes wrong while connecting, by its name and in a sentence."""

from __future__ import annotations

import errno
import socket
import ssl
from urllib.parse import urlsplit

from picows import WSError, WSHandshakeError, WSInvalidURL
from python_socks import ProxyError

from wavetank.errors import UserFailure
from wavetank.plan.steps import ConnectionOptions

_ERRNO_KINDS = {
    errno.ECONNREFUSED: "connect_refused",
    errno.ECONNRESET: "connect_reset",
    errno.EPIPE: "connect_reset",
    errno.ETIMEDOUT: "connect_timeout",
    errno.EHOSTUNREACH: "host_unreachable",
    errno.ENETUNREACH: "host_unreachable",
    errno.EMFILE: "too_many_open_files",
    errno.ENFILE: "too_many_open_files",
    errno.EADDRNOTAVAIL: "no_free_port",
}


def as_failure(error: Exception, url: str, options: ConnectionOptions) -> UserFailure:
    """The name and the sentence for whatever went wrong while connecting."""
    peer = peer_of(url)
    match error:
        case WSInvalidURL():
            return UserFailure("bad_url", str(error))
        case WSHandshakeError(response=response) if response is not None and int(response.status) != 101:
            return refused(peer, urlsplit(url).path, response.status.value, response.status.phrase)
        case WSError():
            return no_websocket(peer, str(error))
        case ProxyError() | ValueError() if options.proxy:
            return UserFailure("proxy_failed", f"the proxy could not connect to {peer}: {error}")
        case ssl.SSLCertVerificationError():
            return UserFailure("tls_failed", f"{peer} has a certificate that is not trusted: {error.verify_message}")
        case ssl.SSLError():
            return UserFailure("tls_failed", f"no TLS with {peer}: {error.reason or error}")
        case socket.gaierror() | ConnectionRefusedError() if options.proxy:
            return UserFailure(
                "proxy_failed", f"the proxy {peer_of(options.proxy)} cannot be reached: {error.strerror}"
            )
        case socket.gaierror():
            return UserFailure("dns_failed", f"the name of {peer} cannot be resolved: {error.strerror}")
        case TimeoutError() | ConnectionAbortedError() if _is_timeout(error):
            return too_slow(peer, options.handshake_timeout_s)
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return was_reset(peer)
        case OSError():
            number = error.errno or next((e.errno for e in getattr(error, "exceptions", ()) if e.errno), 0)
            kind = _ERRNO_KINDS.get(number or 0, "connect_failed")
            said = error.strerror or str(error)
            if kind == "connect_refused":
                said = "connection refused: is the server running there?"
            return UserFailure(kind, f"cannot connect to {peer}: {said}")
        case _:
            return UserFailure("connect_failed", f"cannot connect to {peer}: {type(error).__name__}: {error}")


def _is_timeout(error: Exception) -> bool:
    # Event loops report a TLS handshake that took too long as an aborted connection, told apart by its words only.
    return not isinstance(error, ConnectionAbortedError) or "handshake is taking longer" in str(error)


def peer_of(url: str) -> str:
    """Host and port of a URL, without who logs in there."""
    return urlsplit(url).netloc.rpartition("@")[2] or url


def refused(peer: str, path: str, status: int, phrase: str) -> UserFailure:
    """An answer to the upgrade that is not 101."""
    said = f"{status} {phrase}".strip()
    return UserFailure(f"http_{status}", f"{peer} answered the upgrade at {path or '/'} with {said}")


def no_websocket(peer: str, what: str) -> UserFailure:
    """An answer to the upgrade that no WebSocket server gives."""
    return UserFailure("handshake_invalid", f"{peer} did not answer like a WebSocket server: {what}")


def too_slow(peer: str, allowed_s: float) -> UserFailure:
    """No answer to the upgrade in time."""
    return UserFailure("handshake_timeout", f"{peer} did not finish the handshake in {allowed_s:g} s")


def was_reset(peer: str) -> UserFailure:
    """The connection broke before the upgrade was answered."""
    return UserFailure("connect_reset", f"{peer} reset the connection during the handshake")


def closed_early(peer: str) -> UserFailure:
    """The server closed the connection before it had answered the upgrade."""
    return UserFailure("handshake_closed", f"{peer} closed the connection before the handshake was done")
