"""`@scenario`, `@setup`, `@teardown`: what makes a coroutine function a part of a script."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Literal, overload

from wavetank.flow.python.user import User
from wavetank.plan.python.codec import JSON, Codec
from wavetank.plan.python.lifecycle import Lifecycle, LifecycleFunction, Per
from wavetank.plan.python.scenario import PythonScenario

ScenarioFunction = Callable[[User], Coroutine[Any, Any, object]]


@overload
def scenario(function: ScenarioFunction, /) -> PythonScenario[User]: ...
@overload
def scenario(
    *, name: str | None = None, weight: int = 1, codec: Codec = JSON
) -> Callable[[ScenarioFunction], PythonScenario[User]]: ...
def scenario(
    function: ScenarioFunction | None = None,
    /,
    *,
    name: str | None = None,
    weight: int = 1,
    codec: Codec = JSON,
) -> PythonScenario[User] | Callable[[ScenarioFunction], PythonScenario[User]]:
    """Make a scenario of `async def function(user: User)`: what a virtual user does, from its arrival to its end.

    `name` is what it is called in reports (without it: the function's name). `weight` is its share among the scenarios
    of the script: users are drawn from them at random. `codec` turns what it sends into messages and messages into what
    it gets; without it: JSON in text messages.

    Raises TypeError for what is no `async def`, ValueError for a weight that is no whole number from 0 up.

        @scenario(weight=3)
        async def agent(user: User) -> None:
            async with user.connect("/ws") as ws:
                await ws.request({"type": "ping"}, match={"type": "pong"})
    """

    def decorate(function: ScenarioFunction) -> PythonScenario[User]:
        _check_async(function, "scenario", "user")
        if isinstance(weight, bool) or not isinstance(weight, int) or weight < 0:
            raise ValueError(f"the weight of {function.__name__} is {weight!r}: it must be a whole number, 0 or more")
        return PythonScenario(function=function, name=name or function.__name__, weight=weight, codec=codec)

    return decorate if function is None else decorate(function)


@overload
def setup(function: LifecycleFunction, /) -> Lifecycle: ...
@overload
def setup(*, per: Per = "worker") -> Callable[[LifecycleFunction], Lifecycle]: ...
def setup(
    function: LifecycleFunction | None = None, /, *, per: Per = "worker"
) -> Lifecycle | Callable[[LifecycleFunction], Lifecycle]:
    """Have `async def function(shared)` called before the users come: once in each worker, or once `per="run"`.

    What it puts into the map `shared` is `user.shared` for all users of the worker, or of the run. It finds the plan's
    `target` and `variables` there. What a setup of the
    whole run puts there is sent to the workers, and must be picklable: a token is, an open HTTP client is not. If it
    raises, the run is not carried out (exit code 3).

        @setup
        async def login(shared: Shared) -> None:
            shared["token"] = …
    """
    return _lifecycle(function, per, "setup")


@overload
def teardown(function: LifecycleFunction, /) -> Lifecycle: ...
@overload
def teardown(*, per: Per = "worker") -> Callable[[LifecycleFunction], Lifecycle]: ...
def teardown(
    function: LifecycleFunction | None = None, /, *, per: Per = "worker"
) -> Lifecycle | Callable[[LifecycleFunction], Lifecycle]:
    """Have `async def function(shared)` called when all users have ended: once in each worker, or once `per="run"`.

    It is called after a run that was stopped, too. If it raises, the run says so, and keeps what it measured.

        @teardown
        async def leave(shared: Shared) -> None:
            await shared["client"].aclose()
    """
    return _lifecycle(function, per, "teardown")


def _lifecycle(
    function: LifecycleFunction | None, per: Per, kind: Literal["setup", "teardown"]
) -> Lifecycle | Callable[[LifecycleFunction], Lifecycle]:
    if per not in ("worker", "run"):
        raise ValueError(f'@{kind}(per={per!r}): it is called per="worker" or per="run"')

    def decorate(function: LifecycleFunction) -> Lifecycle:
        _check_async(function, kind, "shared")
        return Lifecycle(function=function, per=per, kind=kind)

    return decorate if function is None else decorate(function)


def _check_async(function: object, kind: str, parameter: str) -> None:
    if not inspect.iscoroutinefunction(function):
        name = getattr(function, "__name__", repr(function))
        raise TypeError(f"@{kind} is for coroutine functions: write async def {name}({parameter})")
