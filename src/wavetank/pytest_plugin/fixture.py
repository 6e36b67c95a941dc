"""The fixture `wavetank`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypedDict, Unpack, cast

import pytest

from wavetank.pytest_plugin.table import Row, row

if TYPE_CHECKING:
    from wavetank.library.result import Result
    from wavetank.metrics.thresholds import Threshold
    from wavetank.plan.model import Plan
    from wavetank.plan.scenario import Scenario
    from wavetank.pytest_plugin.serving import ServedApplication

MARK = "wavetank"


class Arguments(TypedDict, total=False):
    """What a test may say, in the call of the fixture or in the marker."""

    scenario: Scenario | Sequence[Scenario]
    """What users do; with several, each user draws one of them by its weight. `@setup` and `@teardown` of the modules
    that they stand in are called, too."""
    plan: Plan
    """Everything at once. Its target is replaced, and what else is given here."""
    users: int
    """So many users at once, each replaced when it ends, for the `duration`. Beside a `rate`: at most so many."""
    rate: float | str
    """So many users arrive per second, whatever the server does, for the `duration`; "5:20" from 5 to 20."""
    duration: float | str | None
    """Seconds, or a text such as "30s"; 5 s if nothing is said. None: `users` come once each."""
    thresholds: str | Threshold | Sequence[str | Threshold]
    """What the verdict depends on, in addition to the plan's: "websocket.response_time.p95 < 50ms"."""
    workers: int | None
    """Processes that carry the users; 0: the test's own process. None leaves it to the machine, and is one process for
    an application, since one serves it, too."""
    seed: int
    """For the same random choices in each run; 0 if nothing is said, or the plan's."""


class _All(Arguments, total=False):
    path: str


class WavetankFixture:
    """Runs users against a server, as often as the test likes.

    def test_holds_200_users(wavetank: WavetankFixture, app: FastAPI) -> None:
        result = wavetank(app, "/ws", scenario=agent, users=200, duration="5s")
        assert result.p95 < 50, result.explain()
    """

    def __init__(self, test: pytest.Item, folder: Path, told: Callable[[Row], object]) -> None:
        """`told` gets a row of the summary table for each run; run folders are made in `folder`."""
        self._test = test
        self._folder = folder
        self._told = told
        self._runs = 0
        self._served: list[tuple[object, ServedApplication]] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __call__(
        self,
        app_or_url: str | Callable[..., Awaitable[None]],
        path: str | None = None,
        **arguments: Unpack[Arguments],
    ) -> Result:
        """Carries a plan out against an ASGI application, or a server at a URL, and gives what came of it.

        The application is served by uvicorn on a free port until the test ends; several calls share it. `path` is the
        route, "/ws" if neither it nor the URL says another. `Arguments` says what else there is, and the marker
        `@pytest.mark.wavetank(…)` gives defaults for it.

        The users who are there after the `duration` end their scenario. The run folder is in `tmp_path`. A verdict is
        no error: assert it.

        Raises TypeError and ValueError for arguments that cannot be, ImportError where uvicorn is missing, RunError
        where the run could not be carried out or the application did not start.
        """
        __tracebackhide__ = True
        from wavetank.library.running import run_sync
        from wavetank.library.staging import carried_here
        from wavetank.pytest_plugin.planning import plan_of, url_of

        said = self._said({} if path is None else {"path": path}, arguments)
        plan = plan_of(self._test.name, "ws://127.0.0.1", said)  # before a server is started for nothing
        workers = said.get("workers")
        if isinstance(app_or_url, str):
            base = app_or_url
        else:
            base = self._serve(app_or_url)
            if workers is None and not carried_here(plan):
                workers = 1
        plan = replace(plan, target=url_of(base, said.get("path")))
        self._runs += 1
        folder = self._folder / f"wavetank-{self._runs}"
        result = run_sync(plan, workers=workers, output=folder, seed=said.get("seed"))
        self._told(row(str(self._test.nodeid), result))
        return result

    def _said(self, *calls: Mapping[str, object]) -> _All:
        """What the markers say, the nearest to the test last, and then the call."""
        __tracebackhide__ = True
        said: dict[str, object] = {}
        known = {"path", *Arguments.__annotations__}
        for marker in reversed(list(self._test.iter_markers(MARK))):
            if marker.args:
                raise TypeError(f"the marker {MARK} takes arguments by their names only, and not {marker.args[0]!r}")
            said |= marker.kwargs
        for call in calls:
            said.update(call)
        if unknown := said.keys() - known:
            raise TypeError(
                f"{', '.join(sorted(unknown))}: no argument of {MARK}; there are {', '.join(sorted(known))}"
            )
        return cast("_All", said)

    def _serve(self, application: Callable[..., Awaitable[None]]) -> str:
        """Where the application listens; it is started if it is not yet."""
        __tracebackhide__ = True
        if not callable(application):
            raise TypeError(f"{application!r} is neither a URL nor an ASGI application")
        _require_uvicorn()
        from wavetank.pytest_plugin.serving import ServedApplication

        for known, served in self._served:
            if known is application:
                return served.url
        served = ServedApplication(application)
        served.start()
        self._stack.callback(served.stop)
        self._served.append((application, served))
        return served.url


def _require_uvicorn() -> None:
    __tracebackhide__ = True
    try:
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "to serve an application for a test takes uvicorn, which is not installed: "
            "pip install 'wavetank[pytest]' (or give the URL of a server that runs already)",
            name="uvicorn",
        ) from error
