"""Where a connection goes: a step's URL, joined to the plan's target."""

from __future__ import annotations

from urllib.parse import urlsplit

_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}


def join_url(target: str, url: str) -> str:
    """The absolute ws:// or wss:// URL of `url`, which may be relative to `target`; empty is the target itself.

    A path is joined to the host of the target: `/ws` and `ws` at ws://host/base are both ws://host/ws, as a browser
    has it for the first and as scripts mean it for the second. Raises ValueError for a scheme that is not ws or wss
    (http and https are taken for them), a missing host, or a fragment.
    """
    if "://" not in target:
        raise ValueError(f"{target!r} is no WebSocket URL: write ws://{target.lstrip('/') or 'HOST'}")
    joined = url.strip() or target
    if "://" not in joined:
        base = urlsplit(target)
        joined = f"{base.scheme}://{base.netloc}/{joined.lstrip('/')}"
    parts = urlsplit(joined)
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None:
        raise ValueError(f"{joined!r} is no WebSocket URL: it begins with ws:// or wss://")
    if not parts.hostname:
        raise ValueError(f"{joined!r} names no host")
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{joined!r} has a port that is not a number from 0 to 65535") from error
    if parts.fragment:
        raise ValueError(f"{joined!r} has a fragment (#{parts.fragment}), which a WebSocket URL cannot have")
    return parts._replace(scheme=scheme).geturl()
