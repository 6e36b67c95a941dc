"""What people call an error kind or a close code."""

from __future__ import annotations

import re
from collections.abc import Mapping

_KINDS: Mapping[str, str] = {
    "bad_url": "Invalid URL",
    "connect_failed": "Connection failed",
    "connect_refused": "Connection refused",
    "connect_reset": "Connection reset",
    "connect_timeout": "Connection timeout",
    "dns_failed": "DNS lookup failed",
    "handshake_closed": "Closed during the handshake",
    "handshake_invalid": "Invalid handshake",
    "invalid_utf8": "Invalid UTF-8",
    "no_free_port": "No free local port",
    "not_json": "Not JSON",
    "other": "Other errors",
    "tls_failed": "TLS failed",
}
_HTTP = re.compile(r"http_(\d+)")

_CLOSE_CODES: Mapping[str, str] = {
    "1000": "normal closure",
    "1001": "going away",
    "1002": "protocol error",
    "1003": "unsupported data",
    "1005": "close frame without a code",
    "1006": "no close frame",
    "1007": "invalid payload data",
    "1008": "policy violation",
    "1009": "message too big",
    "1010": "extension missing",
    "1011": "internal error of the server",
    "1012": "service restart",
    "1013": "try again later",
    "1014": "bad gateway",
    "1015": "TLS handshake failed",
}


def error_label(kind: str) -> str:
    """`connect_timeout` → `Connection timeout`, `http_403` → `HTTP 403`; any other kind in plain words."""
    if kind in _KINDS:
        return _KINDS[kind]
    if " " in kind:  # a mistake in code: `KeyError at my_scenario.py:12`
        return kind
    if found := _HTTP.fullmatch(kind):
        return f"HTTP {found.group(1)}"
    words = " ".join(kind.replace("_", " ").split()) or "unnamed"
    return words[:1].upper() + words[1:]


def close_code_label(code: str) -> str:
    """What a close code means (RFC 6455, 7.4.1, and IANA's registry); of one in private use only that."""
    if code in _CLOSE_CODES:
        return _CLOSE_CODES[code]
    return "private use" if re.fullmatch(r"4\d{3}", code) else "unknown"
