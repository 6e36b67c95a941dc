"""The `connect` step."""

from __future__ import annotations

import re

from wavetank.errors import Where
from wavetank.plan.artillery.config.connection import (
    CLIENT_KEYS,
    REQUEST_KEYS,
    read_headers,
    read_options,
    warn_of_lost_options,
)
from wavetank.plan.artillery.fields import Fields
from wavetank.plan.artillery.scope import Call, Scope
from wavetank.plan.artillery.templates import check_templates
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.steps import Connect

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCHEMES = ("ws", "wss", "http", "https")


def read_connect(node: Node, where: Where, scope: Scope, *, first: bool) -> Connect | None:
    """A connect step; None if there is a mistake in it. Only the `first` step is one in Artillery."""
    if node.value is None or node.text is not None:
        url = node.text or None
        if url is not None:
            _check_url(url, where, scope, first=first)
        return Connect(where=where, url=url)
    if node.map is None:
        scope.findings.error(where, f"'connect' must be a URL or a map, not {node.kind}")
        return None
    if "function" in node.map:
        fields = Fields(node, "'connect' with a function", ("function",), scope.findings)
        name = fields.text("function")
        if name is None:
            return None
        scope.calls.append(Call(fields.place("function"), name, "connect"))
        return Connect(where=where, function=name)
    return _from_map(node, where, scope, first=first)


def _from_map(node: Node, where: Where, scope: Scope, *, first: bool) -> Connect | None:
    findings = scope.findings
    fields = Fields(node, "'connect'", ("target", "url", "function", *REQUEST_KEYS, *CLIENT_KEYS), findings)
    if len(fields.present("target", "url")) > 1:
        findings.error(fields.place("url"), "'connect' has both a target and a url", "leave out the url")
        return None
    key = "url" if "url" in fields else "target"
    url = fields.text(key)
    if url is not None:
        if key == "url" and first:
            findings.warn(
                fields.place("url"),
                "Artillery does not read 'url', and would connect to config.target",
                "call it target",
            )
        _check_url(url, fields.place(key), scope, first=first)
    headers, subprotocols = read_headers(fields, findings)
    for name, text in headers.items():
        header = Node(value=text, where=_header_place(fields, name))
        if "{{" in text and check_templates(header, scope):
            findings.warn(header.where, "Artillery fills in no templates in the headers of connect")
    options = None
    if fields.present(*CLIENT_KEYS):
        options = read_options(fields, scope.connection, scope.folder, findings)
    if first:
        warn_of_lost_options(where, [name for name in scope.node_options if name not in fields], findings)
    return Connect(where=where, url=url, headers=headers, subprotocols=subprotocols, options=options)


def _header_place(fields: Fields, name: str) -> Where:
    headers = fields.get("headers")
    return fields.node.where if headers is None else headers.place(name)


def _check_url(url: str, where: Where, scope: Scope, *, first: bool) -> None:
    good = check_templates(Node(value=url, where=where), scope)
    if url.lstrip().startswith("{{") or not good:
        return
    scheme = _SCHEME.match(url)
    if scheme is not None and scheme[1].lower() not in _SCHEMES:
        scope.findings.error(where, f"{scheme[1]}:// is no WebSocket address", "use ws:// or wss://")
    elif scheme is None and first:
        scope.findings.warn(where, f"Artillery does not join {url!r} to config.target, and would fail")
