"""A Python scenario as what a user runs: the same kind of coroutine as a flow of steps."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from wavetank.flow.contract import Performer
from wavetank.flow.python.setting import Setting
from wavetank.flow.python.user import User
from wavetank.metrics.recorder import Recorder
from wavetank.plan.model import Plan
from wavetank.plan.python.scenario import PythonScenario


def python_session(
    scenario: PythonScenario[Any], plan: Plan, recorder: Recorder
) -> Callable[[Performer], Coroutine[Any, Any, None]]:
    """What a user runs. What is the same for all users of a worker is worked out here, once."""
    setting = Setting(plan, scenario.codec, recorder)
    function = scenario.function

    async def run(performer: Performer) -> None:
        await function(User(performer, setting))
        if (leaving := performer.depart()) is not None:
            await leaving

    return run
