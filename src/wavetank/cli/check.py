"""`wavetank check`: is a script right, and what does it ask for? Nothing is connected to."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from wavetank.cli.options import JsonMap
from wavetank.cli.script import Script
from wavetank.errors import Problem, ScriptError
from wavetank.execution.result import Exit
from wavetank.plan.artillery import Reading, processor_skeleton
from wavetank.plan.durations import format_seconds
from wavetank.plan.forecast import forecast
from wavetank.plan.model import Plan
from wavetank.plan.phases import Population
from wavetank.plan.python.scenario import PythonScenario

_EPILOG = """\b
Examples:
  wavetank check script.yml
  wavetank check -e staging script.yml other.yml
  wavetank check --stub script.yml      write the processor's functions, to be filled in
"""


@click.command(epilog=_EPILOG, short_help="Validate scripts without connecting.")
@click.argument("scripts", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="SCRIPT...")
@click.option("-t", "--target", metavar="URL", help="The server to test, instead of config.target.")
@click.option("-e", "--environment", metavar="NAME", help="Use config.environments.NAME.")
@click.option("-v", "--variables", type=JsonMap(), help="Variables, in addition to config.variables.")
@click.option("--overrides", type=JsonMap(), help="Replaces parts of the script, like '{\"config\": …}'.")
@click.option("-s", "--scenario", metavar="NAME", help="Only this scenario: its name, or a regular expression.")
@click.option(
    "--stub",
    is_flag=True,
    help="Write a Python skeleton of the functions that SCRIPT names: where its processor should be, "
    "or to stdout if there is a file already.",
)
@click.pass_context
def check(
    context: click.Context,
    scripts: tuple[Path, ...],
    target: str | None,
    environment: str | None,
    variables: dict[str, object] | None,
    overrides: dict[str, object] | None,
    scenario: str | None,
    stub: bool,
) -> None:
    """Validate each SCRIPT without connecting; warn where Artillery would behave differently.

    Exits with 2 if there is a mistake in any of them.
    """
    failed = False
    for script in scripts:
        try:
            if stub:
                _write_stub(script, environment)
                continue
            source = Script(
                script, environment=environment, variables=variables, overrides=overrides, scenario=scenario
            )
            reading = source.read(target)
        except ScriptError as error:
            failed = True
            for problem in error.problems:
                click.echo(str(problem), err=True)
        else:
            click.echo(_paragraph(script, reading))
    if failed:
        context.exit(Exit.SCRIPT_ERROR)


def _paragraph(script: Path, reading: Reading) -> str:
    lines = [f"{script}: {_summary(reading.plan)}"]
    if reading.warnings:
        lines.append(
            f"  {_count(len(reading.warnings), 'place')} where Artillery would do otherwise, or that are worth a look:"
        )
        lines.extend(f"  {line}" for line in _grouped(reading.warnings))
    return "\n".join(lines)


def _summary(plan: Plan) -> str:
    """What the plan asks for, in two sentences."""
    planned = forecast(plan)
    names = ", ".join(scenario.name for scenario in plan.scenarios)
    users = f"{planned.users:,} user{'s' if planned.users != 1 else ''}"
    if any(isinstance(phase, Population) for phase in plan.phases):
        more = "as many users as a population takes"
        users = f"{users} and {more}" if planned.users else more
    if any(isinstance(each, PythonScenario) for each in plan.scenarios):
        length = "if all of them stay to the end: nobody knows how long a scenario in Python takes"
    else:
        length = f"if a session takes no longer than its {format_seconds(planned.session_s)}"
    return (
        f"{_count(len(plan.scenarios), 'scenario')} ({names}), {_count(len(plan.phases), 'phase')}: "
        f"{users} in {format_seconds(planned.duration_s)}, against {plan.target}. "
        f"At the peak {planned.peak_rate:,.4g} users/s arrive, and about {_about(planned.peak_users)} are there at "
        f"once, {length}."
    )


def _about(number: int) -> str:
    """Three digits of a number: an estimate has no more."""
    return f"{round(number, min(3 - len(str(number)), 0)):,}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _grouped(warnings: Iterable[Problem]) -> list[str]:
    """One line for each thing to say, with all the places that it is about."""
    places: dict[tuple[str, str, str], list[int]] = {}
    for warning in warnings:
        places.setdefault((warning.where.file, warning.message, warning.hint), []).append(warning.where.line)
    lines = []
    for (file, message, hint), numbers in places.items():
        where = f"{file}:{numbers[0]}" if numbers[0] else file
        others = f" [also in line{'s' if len(numbers) > 2 else ''} {', '.join(map(str, numbers[1:]))}]"
        suffix = f" ({hint})" if hint else ""
        lines.append(f"{where}: {message}{suffix}{others if len(numbers) > 1 else ''}")
    return lines


def _write_stub(script: Path, environment: str | None) -> None:
    stub = processor_skeleton(script, environment=environment, env=os.environ)
    if stub.path is not None:
        try:
            with stub.path.open("x", encoding="utf-8") as file:
                file.write(stub.text)
        except FileExistsError:
            pass
        except OSError as error:
            raise click.ClickException(f"{stub.path} cannot be written: {error.strerror}") from error
        else:
            click.echo(f"wrote {stub.path}", err=True)
            return
    click.echo(stub.text, nl=False)
