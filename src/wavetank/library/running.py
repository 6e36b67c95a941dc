"""Running a plan from Python: `await run(plan)`, or `run_sync(plan)` where there is no event loop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from wavetank.engine.worker.loop import new_event_loop
from wavetank.engine.worker.open_files import raise_open_file_limit
from wavetank.errors import Problem, ScriptError, Where
from wavetank.execution.coordinator import Run
from wavetank.execution.fleets.channel import IN_WORKER
from wavetank.execution.folder.folder import RunFolder
from wavetank.library.result import Result
from wavetank.library.staging import HERE, stage
from wavetank.metrics.snapshot import Snapshot
from wavetank.plan.model import Plan
from wavetank.plan.python.script import ONE_USER
from wavetank.plan.urls import join_url
from wavetank.report.json import write_summary

Say = Callable[[str], object]


async def run(
    plan: Plan,
    *,
    workers: int | None = None,
    output: Path | str | None = None,
    seed: int | None = None,
    on_log: Say | None = None,
    on_notice: Say | None = None,
) -> Result:
    """Carries a plan out, and gives what came of it.

        result = await wavetank.run(plan)
        assert result.p95 < 50, result.explain()

    `workers`: how many processes carry the users; None leaves it to the machine, one for each core. 0 carries them in
    this process, in the running event loop, where whatever else it does makes them late. A plan with a scenario that
    is defined inside another function is carried here unless told otherwise, since no other process can import it.

    A plan without phases is carried out by one user. `output` is the run folder: a folder that holds no run yet, or
    None to write nothing. `seed` takes the place of the plan's. `on_log` hears what users log, `on_notice` what whoever
    started the run should know, a sentence each, such as the loss of a worker; without them the logger `wavetank` does,
    at the levels INFO and WARNING.

    Cancelled, it ends the users and their processes before it returns. It leaves the running loop's exception handler
    and signals as they are.

    Workers load the module that a scenario is in: a program that starts a run has to do so under
    `if __name__ == "__main__":`.

    Raises ScriptError where the plan cannot be run, RuntimeError in a worker, ValueError for arguments that cannot be,
    and RunError where the run could not be carried out. A verdict is no error: see `Result.verdict`.
    """
    if IN_WORKER in os.environ:
        raise RuntimeError(
            "a worker has loaded the program that starts this run, and would start it again: put what starts it under "
            'if __name__ == "__main__":'
        )
    _check(plan)
    plan = replace(plan, phases=plan.phases or ONE_USER, seed=plan.seed if seed is None else seed)
    staging = stage(plan, workers)
    folder = None if output is None else RunFolder.create(Path(output), plan.name, datetime.now(UTC))
    observer = _Messages(on_log, on_notice)
    staging.announce(observer)
    if staging.workers == HERE:
        raise_open_file_limit()
    made = await Run(plan, folder, observer, staging.fleet()).execute()
    if folder is not None:
        write_summary(folder.summary_path, made.summary)
    return Result(made)


def run_sync(
    plan: Plan,
    *,
    workers: int | None = None,
    output: Path | str | None = None,
    seed: int | None = None,
    on_log: Say | None = None,
    on_notice: Say | None = None,
) -> Result:
    """`run` for where there is no event loop: it makes one for the length of the run. Ctrl-C ends it.

        result = wavetank.run_sync(plan, output="runs/nightly")
        sys.exit(result.exit_code)

    Raises RuntimeError inside a running event loop, and what `run` raises.
    """
    if _in_a_loop():
        raise RuntimeError(
            "run_sync cannot wait for a run inside a running event loop: write `await wavetank.run(plan)` there"
        )
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(run(plan, workers=workers, output=output, seed=seed, on_log=on_log, on_notice=on_notice))


class _Messages:
    """An observer that passes on what is said, and shows nothing."""

    def __init__(self, on_log: Say | None, on_notice: Say | None) -> None:
        logger = logging.getLogger("wavetank")
        self._log = on_log or logger.info
        self._notice = on_notice or logger.warning

    def snapshot(self, snapshot: Snapshot, total: Snapshot) -> None:
        pass

    def log(self, text: str) -> None:
        self._log(text)

    def notice(self, text: str) -> None:
        self._notice(text)


def _check(plan: Plan) -> None:
    where = Where(str(plan.script or plan.name or "plan"))
    problems = []
    if not plan.scenarios:
        problems.append(Problem(where, "the plan has no scenario", "Plan(scenarios=(…,)) says what users do"))
    try:
        join_url(plan.target, "")
    except ValueError as error:
        problems.append(Problem(where, f"the plan's target: {error}"))
    if problems:
        raise ScriptError(problems)


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
