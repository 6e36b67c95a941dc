"""The short scripts of the system tests."""

from __future__ import annotations

PING = "- send: {name: ping, payload: {type: ping}, match: {json: $.type, value: pong}}"
"""A request whose reply the raw servers know as `PONG_MESSAGE`."""


def script(*steps: str, config: str = "", users: int = 2) -> str:
    """A script whose users all arrive within 20 ms; `config` holds more lines of its config map."""
    lines = [
        "config:",
        "  target: ws://127.0.0.1:1",
        f"  phases: [{{duration: 20ms, arrivalCount: {users}}}]",
        *(f"  {line}" for line in config.splitlines()),
        "scenarios:",
        "  - name: session",
        "    flow:",
        *(f"      {step}" for step in ("- connect: /ws", *steps)),
    ]
    return "\n".join(lines) + "\n"
