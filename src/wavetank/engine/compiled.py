"""Whether the hot modules are compiled (`hatch_build.py`) or run as the Python that they are written in."""

from __future__ import annotations

from importlib.util import find_spec


def is_compiled() -> bool:
    """True in a wheel that was made with `WAVETANK_COMPILE=1`. Imports none of the hot modules."""
    found = find_spec("wavetank.engine.user.socket")
    return found is not None and not str(found.origin).endswith(".py")
