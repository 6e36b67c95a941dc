"""How long the parts of a connect take."""

from __future__ import annotations


class ConnectTimes:
    """How long each part of one connect took, in ns; 0 where there was no such part."""

    __slots__ = ("dns", "tcp", "tls", "upgrade")

    def __init__(self) -> None:
        self.dns = 0
        self.tcp = 0
        self.tls = 0
        self.upgrade = 0
