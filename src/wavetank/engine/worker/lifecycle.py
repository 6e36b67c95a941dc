"""What a script in Python does once for all users: before they come, and after they have gone."""

from __future__ import annotations

from collections.abc import Callable

from wavetank.errors import RunError
from wavetank.flow.mistake import mistake_in
from wavetank.plan.model import Plan
from wavetank.plan.python.lifecycle import Lifecycle, Per, Shared


async def set_up(plan: Plan, per: Per, shared: Shared) -> None:
    """Calls what is marked with `@setup`, one after the other. Raises RunError with what one of them raised."""
    for each in plan.lifecycle:
        if each.kind == "setup" and each.per == per:
            try:
                await each(shared)
            except Exception as error:  # whatever a person's own code raises
                raise RunError(_told(each, error)) from error


async def tear_down(plan: Plan, per: Per, shared: Shared, on_notice: Callable[[str], None]) -> None:
    """Calls what is marked with `@teardown`. What one of them raises is told; the others are called all the same."""
    for each in plan.lifecycle:
        if each.kind == "teardown" and each.per == per:
            try:
                await each(shared)
            except Exception as error:  # whatever a person's own code raises
                on_notice(f"warning: {_told(each, error)}")


def _told(each: Lifecycle, error: Exception) -> str:
    mistake = mistake_in(error)
    place = f" ({mistake.place})" if mistake.place else ""
    return f"the {each.kind} {each} failed: {type(error).__name__}: {error}{place}"
