"""`config.ws`, `config.tls` and the options of a `connect` step: how connections are made.

The names are those of the Node client `ws`; an option of it that has no meaning here is a mistake, because a
test that quietly leaves out a part of what it was asked for tests something else.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from wavetank.errors import Where
from wavetank.plan.artillery.fields import Fields, scalar_text
from wavetank.plan.artillery.findings import Findings, listing
from wavetank.plan.local_addresses import address_range
from wavetank.plan.steps import ConnectionOptions, Deflate

TLS_KEYS = ("rejectUnauthorized", "ca", "cert", "key", "passphrase", "servername", "serverName")
CLIENT_KEYS = (
    *TLS_KEYS,
    "proxy",
    "followRedirects",
    "maxRedirects",
    "handshakeTimeout",
    "origin",
    "perMessageDeflate",
    "localAddress",
    "maxPayload",
)
REQUEST_KEYS = ("subprotocols", "headers")
_NODE_REDIRECTS = 10  # what the Node client follows if it is told to follow any


def read_headers(fields: Fields, findings: Findings) -> tuple[dict[str, str], tuple[str, ...]]:
    """The headers and subprotocols of a map; a Sec-WebSocket-Protocol header is split into subprotocols."""
    headers: dict[str, str] = {}
    subprotocols: list[str] = []
    node = fields.get("headers")
    if node is not None and node.map is None:
        findings.error(fields.place("headers"), f"'headers' of {fields.what} must be a map, not {node.kind}")
    for name, value in (node.map or {}).items() if node is not None else ():
        assert node is not None
        text = "" if value.value is None else scalar_text(value)
        if text is None:
            findings.error(node.place(name), f"the header {name!r} must be a text, not {value.kind}")
        elif "\n" in text or "\r" in text:
            findings.error(node.place(name), f"the header {name!r} holds a line break")
        elif not _is_token(name):
            findings.error(node.place(name), f"{name!r} cannot be the name of a header")
        elif name.lower() == "sec-websocket-protocol":
            subprotocols.extend(part.strip() for part in text.split(",") if part.strip())
        else:
            headers[name] = text
    subprotocols[:0] = _subprotocols(fields, findings)
    return headers, tuple(dict.fromkeys(subprotocols))


def read_options(fields: Fields, base: ConnectionOptions, folder: Path, findings: Findings) -> ConnectionOptions:
    """`base` with the options that the map gives laid over it. Paths are relative to `folder`."""
    changes: dict[str, object] = {}
    verify = fields.flag("rejectUnauthorized")
    if verify is not None:
        changes["verify"] = verify
    for key in ("ca", "cert", "key"):
        path = _file(fields, key, folder, findings)
        if path is not None:
            changes[key] = path
    for key, name in (("passphrase", "passphrase"), ("origin", "origin")):
        text = fields.text(key)
        if text is not None and "{{" in text:
            findings.error(fields.place(key), f"{key!r} of {fields.what} cannot hold a template of a user")
        elif text is not None:
            changes[name] = text
    for key in ("servername", "serverName"):
        text = fields.text(key)
        if text is not None:
            changes["server_name"] = text
    if "localAddress" in fields:
        changes["local_addresses"] = _local_addresses(fields, findings)
    if "proxy" in fields:
        changes["proxy"] = _proxy(fields, findings)
    handshake_ms = fields.number("handshakeTimeout")
    if handshake_ms:
        changes["handshake_timeout_s"] = handshake_ms / 1000
    largest = fields.whole("maxPayload")
    if largest:  # 0 is the Node client's "no limit"
        changes["max_message_bytes"] = largest
    elif largest == 0:
        changes["max_message_bytes"] = 2**31 - 1
    redirects = _redirects(fields, findings)
    if redirects is not None:
        changes["max_redirects"] = redirects
    if "perMessageDeflate" in fields:
        changes["deflate"] = _deflate(fields, findings)
    if (changes.get("local_addresses") or base.local_addresses) and (changes.get("proxy") or base.proxy):
        key = "localAddress" if "localAddress" in fields else "proxy"
        if key in fields:
            findings.error(
                fields.place(key),
                f"localAddress has no effect on connections through a proxy in {fields.what}",
                "leave one of them out",
            )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]  # each value was read by its name's kind


def _subprotocols(fields: Fields, findings: Findings) -> list[str]:
    node = fields.get("subprotocols")
    if node is None:
        return []
    names: list[str] = []
    for element in node.items if node.items is not None else (node,):
        text = element.text
        if text is None or not _is_token(text):
            findings.error(element.where, f"a subprotocol must be a name without spaces, not {element.kind}")
        else:
            names.append(text)
    return names


def _is_token(text: str) -> bool:
    """RFC 9110: what a header or a subprotocol may be called."""
    return bool(text) and all(
        character in "!#$%&'*+-.^_`|~" or (character.isascii() and character.isalnum()) for character in text
    )


def _file(fields: Fields, key: str, folder: Path, findings: Findings) -> Path | None:
    node = fields.get(key)
    if node is None:
        return None
    where = fields.place(key)
    if node.text is None:
        findings.error(where, f"{key!r} of {fields.what} must be the path of a file, not {node.kind}")
        return None
    if "-----BEGIN" in node.text:
        findings.error(
            where,
            f"{key!r} of {fields.what} holds a certificate itself",
            "put it into a file and name the file here",
        )
        return None
    path = existing_file(node.text, folder)
    if path is None:
        findings.error(where, f"{key!r} of {fields.what}: there is no file {node.text!r}", "paths start at the script")
        return None
    findings.warn(where, f"Artillery takes {key!r} for the certificate's text; here it is the path of its file")
    return path


def existing_file(text: str, folder: Path) -> Path | None:
    """The file that a path in a script means, relative to the script's folder; None if there is none."""
    path = folder / text
    try:
        return path if path.is_file() else None
    except (OSError, ValueError):
        return None


def _local_addresses(fields: Fields, findings: Findings) -> tuple[str, ...]:
    node = fields.get("localAddress")
    assert node is not None
    where = fields.place("localAddress")
    addresses: list[str] = []
    for element in node.items if node.items is not None else (node,):
        text = element.text
        if text is None:
            findings.error(element.where, f"'localAddress' must be an address of this machine, not {element.kind}")
        elif "{{" in text:
            findings.error(where, f"'localAddress' of {fields.what} cannot hold a template of a user")
        else:
            try:
                address_range(text)
            except ValueError as error:
                findings.error(element.where, f"'localAddress' of {fields.what}: {error}")
            else:
                addresses.append(text.strip())
    if node.items is not None or any("/" in address for address in addresses):
        findings.warn(where, "Artillery connects from one address only; here users take turns with all of them")
    return tuple(dict.fromkeys(addresses))


_PROXY_SCHEMES = ("http://", "https://", "socks4://", "socks5://")


def _proxy(fields: Fields, findings: Findings) -> str | None:
    node = fields.get("proxy")
    assert node is not None
    url = node.text
    if node.map is not None:
        inner = Fields(node, "'proxy'", ("url",), findings)
        url = inner.text("url")
        if url is None and "url" not in inner:
            findings.error(fields.place("proxy"), "'proxy' has no url")
    elif url is None:
        findings.error(fields.place("proxy"), f"'proxy' of {fields.what} must be a map with a url, not {node.kind}")
    if url is not None and not url.lower().startswith(_PROXY_SCHEMES):
        known = ", ".join(_PROXY_SCHEMES)
        findings.error(fields.place("proxy"), f"the proxy {url!r} begins with none of {known}")
        return None
    if url is not None and url.lower().startswith("socks"):
        findings.warn(fields.place("proxy"), "Artillery connects through http and https proxies only")
    return url


def _redirects(fields: Fields, findings: Findings) -> int | None:
    follow = fields.flag("followRedirects")
    most = fields.whole("maxRedirects", maximum=100)
    if follow is False:
        return 0
    if follow is None and most:
        findings.warn(fields.place("maxRedirects"), "Artillery reads maxRedirects only beside followRedirects: true")
    if most is not None:
        return most
    return _NODE_REDIRECTS if follow else None


def _deflate(fields: Fields, findings: Findings) -> Deflate | None:
    node = fields.get("perMessageDeflate")
    assert node is not None
    if node.map is None:
        return Deflate() if fields.flag("perMessageDeflate") else None
    known = (
        "clientNoContextTakeover",
        "serverNoContextTakeover",
        "clientMaxWindowBits",
        "serverMaxWindowBits",
        "threshold",
    )
    inner = Fields(node, "'perMessageDeflate'", known, findings)
    return Deflate(
        client_no_context_takeover=inner.flag("clientNoContextTakeover") or False,
        server_no_context_takeover=inner.flag("serverNoContextTakeover") or False,
        client_max_window_bits=_window_bits(inner, "clientMaxWindowBits"),
        server_max_window_bits=_window_bits(inner, "serverMaxWindowBits"),
        threshold_bytes=inner.whole("threshold") or 0,
    )


def _window_bits(fields: Fields, key: str) -> int | None:
    node = fields.get(key)
    if node is None or isinstance(node.value, bool):
        return None  # `true` offers the extension's default
    return fields.whole(key, minimum=9, maximum=15)


def warn_of_lost_options(where: Where, keys: list[str], findings: Findings) -> None:
    """Notes that a `connect` map keeps Artillery from reading these keys of `config.ws`."""
    if keys:
        findings.warn(
            where,
            f"Artillery does not use {listing(keys)} of config.ws where connect is a map; here they hold",
        )
