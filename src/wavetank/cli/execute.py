"""Carrying a plan out for a verb: the target, the run folder, the signals, the results."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from wavetank.cli.streams import settle
from wavetank.engine.worker.loop import new_event_loop
from wavetank.errors import RunError, ScriptError
from wavetank.execution.coordinator import Run
from wavetank.execution.folder.folder import RunFolder
from wavetank.execution.result import Exit, Result
from wavetank.library.staging import stage
from wavetank.plan.model import Plan
from wavetank.report.console import Console
from wavetank.report.json import write_summary
from wavetank.target.embedded import EmbeddedTarget


def any_seed() -> int:
    """A seed for a run that asks for none; it is written to plan.json."""
    return secrets.randbelow(2**32)


def carry_out(
    make_plan: Callable[[str | None], Plan],
    *,
    workers: int | None,
    embedded: bool,
    output: Path | None,
    quiet: bool,
    strict: bool,
) -> NoReturn:
    """Run a plan and leave the process with the exit code of its result.

    `make_plan(url)` gives the plan; `url` is that of the reference target where one was started, else None. It is
    called before anything is started, so that a mistake in the script costs nothing. Without a number of `workers`
    there are as many as the machine has cores for.
    """
    try:
        plan = make_plan("ws://127.0.0.1" if embedded else None)
        with _target(embedded) as target:
            if target is not None:
                plan = make_plan(target)
            code = _run(plan, workers=workers, output=output, quiet=quiet, strict=strict)
    except ScriptError as error:
        report_script_error(error)
    except RunError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(Exit.NOT_CARRIED_OUT)
    sys.exit(code)


def report_script_error(error: ScriptError) -> NoReturn:
    """Print every problem, a line each, and leave with exit code 2."""
    for problem in error.problems:
        click.echo(str(problem), err=True)
    count = len(error.problems)
    click.echo(f"{count} problem{'s' if count != 1 else ''} found; nothing was sent.", err=True)
    sys.exit(Exit.SCRIPT_ERROR)


def _run(plan: Plan, *, workers: int | None, output: Path | None, quiet: bool, strict: bool) -> Exit:
    staging = stage(plan, workers)
    folder = RunFolder.create(output, plan.name, datetime.now(UTC))
    console = Console(quiet=quiet)
    console.start(plan, plan.target, folder.path)
    staging.announce(console)
    run = Run(plan, folder, console, staging.fleet())
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            result = runner.run(_execute(run, console))
    finally:
        console.close()
    # First shown, then written: a full disk must not hide what was measured.
    _show(console, result, folder)
    write_summary(folder.summary_path, result.summary)
    return result.exit_code(strict=strict)


def _show(console: Console, result: Result, folder: RunFolder) -> None:
    with suppress(OSError):  # whoever reads our stdout has gone: the verdict stands
        console.finish(result.summary, folder.path)
    settle(sys.stdout, sys.stderr)


async def _execute(run: Run, console: Console) -> Result:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: console.notice(_unexpected(context)))
    with _stop_signals(loop, run.stop):
        return await run.execute()


def _unexpected(context: dict[str, Any]) -> str:
    error = context.get("exception")
    detail = f"{type(error).__name__}: {error}" if error is not None else ""
    return f"internal error (please report it): {context.get('message', '')} {detail}".rstrip()


@contextmanager
def _target(embedded: bool) -> Iterator[str | None]:
    if not embedded:
        yield None
        return
    with EmbeddedTarget() as target:
        yield target.url


@contextmanager
def _stop_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a terminal that is closed ask the run to stop, for as long as it lasts."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # it is under nohup
        numbers.append(signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    try:
        yield
    finally:
        for number, handler in before.items():
            with suppress(NotImplementedError):  # Windows
                loop.remove_signal_handler(number)
            signal.signal(number, handler)
