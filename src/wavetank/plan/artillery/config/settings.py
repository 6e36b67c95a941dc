"""`config`, less its phases, feeders, functions and thresholds, which have files of their own."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from wavetank.errors import Where
from wavetank.plan.artillery.config.connection import CLIENT_KEYS, REQUEST_KEYS, TLS_KEYS, read_headers, read_options
from wavetank.plan.artillery.fields import Fields
from wavetank.plan.artillery.findings import Findings, nearest
from wavetank.plan.artillery.merging import entry
from wavetank.plan.artillery.scenario.steps import read_jitter
from wavetank.plan.artillery.scope import Jitter, Scope
from wavetank.plan.artillery.templates import check_templates
from wavetank.plan.artillery.text.node import Node
from wavetank.plan.steps import ConnectionOptions

_WITHOUT_MEANING = ("http", "socketio", "statsInterval", "includeFiles", "bundling", "engines", "apdex")
_OURS = ("strict", "targets", "headline", "push", "measure")
CONFIG_KEYS = (
    "target",
    "phases",
    "environments",
    "variables",
    "payload",
    "processor",
    "tls",
    "ws",
    "timeout",
    "defaults",
    "ensure",
    "plugins",
    "engine",
    "mode",
    *_OURS,
    *_WITHOUT_MEANING,
)
_REPLY_TIMEOUT_S = 10.0


def read_config(node: Node, findings: Findings) -> Fields:
    """The keys of config; what has no meaning here, and what is ours, is noted."""
    fields = Fields(node, "config", CONFIG_KEYS, findings)
    for key in fields.present(*_WITHOUT_MEANING):
        findings.warn(fields.place(key), f"{key!r} of config has no meaning here")
    for key in fields.present(*_OURS):
        findings.warn(fields.place(key), f"Artillery does not know {key!r} in config; it is ours")
    plugins = fields.get("plugins")
    if plugins is not None and plugins.map is None:
        findings.error(fields.place("plugins"), f"'plugins' of config must be a map, not {plugins.kind}")
    for name in (plugins.map or {}) if plugins is not None else {}:
        if name != "ensure" and plugins is not None:
            hint = "did you mean 'ensure'?" if nearest(name, ["ensure"]) else ""
            findings.warn(plugins.place(name), f"the plugin {name!r} has no meaning here", hint)
    return fields


def read_target(fields: Fields, environment: str | None, names: Sequence[str], findings: Findings) -> str:
    """`config.target`: where users connect. Empty, with a mistake noted, if there is none."""
    node = fields.get("target")
    if node is None:
        if names and environment is None:
            hint = f"choose an environment with -e ({', '.join(names)}), or give one with -t"
        else:
            hint = "give config.target, or -t URL"
        findings.error(fields.node.where, "the script has no target", hint)
        return ""
    where = fields.place("target")
    text = fields.text("target")
    if text is None:
        return ""
    target = text.strip()
    scheme = re.match(r"(\w[\w+.-]*)://", target)
    if scheme is None or scheme[1].lower() not in ("ws", "wss", "http", "https"):
        if "{{" not in target:  # the template itself was found to be a mistake
            findings.error(where, f"the target {target!r} is no WebSocket address", "use ws://host:port or wss://host")
        return ""
    if scheme[1].lower().startswith("http"):
        findings.warn(where, f"Artillery's ws engine refuses {scheme[1]}://; it is read as {_as_websocket(target)[:6]}")
        target = _as_websocket(target)
    try:
        parts = urlsplit(target)
        good = bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good and "{{" not in target:
        findings.error(where, f"the target {target!r} has no usable host and port", "use ws://host:port or wss://host")
    return target


def _as_websocket(url: str) -> str:
    return re.sub(r"^http(s?)://", lambda found: f"ws{found[1].lower()}://", url, flags=re.IGNORECASE)


def read_variables(node: Node | None, findings: Findings) -> dict[str, object]:
    """`config.variables`; a list stands for one of its elements."""
    if node is None:
        return {}
    if node.map is None:
        findings.error(node.where, f"config.variables must be a map, not {node.kind}")
        return {}
    for name, value in node.map.items():
        if value.items == ():
            findings.error(node.place(name), f"the variable {name!r} is an empty list, of which no user can draw")
    return {name: value.plain() for name, value in node.map.items()}


def read_connection(fields: Fields, scope: Scope) -> tuple[ConnectionOptions, tuple[str, ...]]:
    """`config.tls` with `config.ws` over it, and those keys of it that Artillery drops in a connect map."""
    options = ConnectionOptions()
    findings, folder = scope.findings, scope.folder
    tls = fields.get("tls")
    if tls is not None:
        options = read_options(Fields(tls, "config.tls", TLS_KEYS, findings), options, folder, findings)
    node = fields.get("ws")
    if node is None:
        return options, ()
    ws = Fields(node, "config.ws", (*REQUEST_KEYS, *CLIENT_KEYS, "timeout"), findings)
    options = read_options(ws, options, folder, findings)
    headers, subprotocols = read_headers(ws, findings)
    for name, text in headers.items():
        if "{{" in text:
            headers_node = entry(node, "headers")
            place = node.where if headers_node is None else headers_node.place(name)
            check_templates(Node(value=text, where=place), scope)
    options = dataclasses.replace(options, headers=headers, subprotocols=subprotocols)
    return options, tuple(ws.present(*CLIENT_KEYS))


def read_reply_timeout(fields: Fields, findings: Findings) -> float:
    """Seconds to wait for a reply: `config.timeout`, else `config.ws.timeout`, else 10."""
    seconds = fields.duration("timeout")
    node = entry(fields.get("ws"), "timeout")
    if node is not None:
        own = Fields(Node(value={"timeout": node}, where=node.where), "config.ws", ("timeout",), findings)
        seconds = seconds or own.duration("timeout")
    return seconds or _REPLY_TIMEOUT_S


def read_defaults(fields: Fields, findings: Findings) -> Jitter:
    """`config.defaults`, which has one thing with a meaning for WebSocket: `think.jitter`."""
    node = fields.get("defaults")
    if node is None:
        return Jitter()
    defaults = Fields(node, "config.defaults", ("think", "headers", "strictCapture", "cookie"), findings)
    for key in defaults.present("headers", "strictCapture", "cookie"):
        findings.warn(defaults.place(key), f"{key!r} of config.defaults is for HTTP, and has no meaning here")
    think = defaults.get("think")
    if think is None:
        return Jitter()
    jitter = Fields(think, "config.defaults.think", ("jitter",), findings).get("jitter")
    return Jitter() if jitter is None else read_jitter(jitter, findings)


def choose_environment(config: Node, name: str | None, findings: Findings) -> tuple[Node | None, list[str]]:
    """What the chosen environment lays over config (None if none is chosen), and the names of all of them."""
    node = entry(config, "environments")
    if node is None:
        if name is not None:
            findings.error(Where("-e"), f"there is no environment {name!r}: config has no environments")
        return None, []
    if node.map is None:
        findings.error(config.place("environments"), f"config.environments must be a map, not {node.kind}")
        return None, []
    for other, value in node.map.items():
        # The one that is chosen is checked with config, which it becomes a part of.
        if other != name and value.value is not None:
            Fields(value, f"the environment {other!r}", CONFIG_KEYS, findings)
    if name is None:
        return None, list(node.map)
    if name not in node.map:
        findings.unknown(config.place("environments"), "environment", name, node.map)
        return None, list(node.map)
    chosen = node.map[name]
    if chosen.map is None and chosen.value is not None:
        findings.error(node.place(name), f"the environment {name!r} must be a map, not {chosen.kind}")
        return None, list(node.map)
    return chosen, list(node.map)
