"""How long the parts of a connect take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ConnectTimes:
    """How long each part of one connect took, in ns; 0 where there was no such part."""

    dns: int = 0
    tcp: int = 0
    tls: int = 0
    upgrade: int = 0
