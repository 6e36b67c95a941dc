"""What somebody waits for."""

from __future__ import annotations


class Wait:
    """Knows whom to wake. It must forget that when the wait ends otherwise, or it would end a later one."""

    __slots__ = ()

    def abandon(self) -> None:
        """The one who waits is woken by an error. Called once, before that; must not raise."""
        raise NotImplementedError
