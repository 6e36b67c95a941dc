"""`wavetank doctor`: is this machine ready for so many users? Nothing is changed."""

from __future__ import annotations

import click
import orjson

from wavetank.doctor.examination import examine
from wavetank.doctor.finding import Level
from wavetank.doctor.text import as_text
from wavetank.execution.result import Exit

_EPILOG = """\b
Examples:
  wavetank doctor --users 100000
  wavetank doctor --users 20000 --target wss://staging.example.com
  wavetank doctor --json
"""


@click.command(epilog=_EPILOG, short_help="Is this machine ready for so many users?")
@click.option("--users", type=click.IntRange(min=1), default=10_000, show_default=True, help="How many users at once.")
@click.option(
    "-t",
    "--target",
    metavar="URL",
    help="The server to test: it is resolved, and connected to once, without a message.",
)
@click.option("--json", "is_json", is_flag=True, help="Write JSON instead of text.")
@click.pass_context
def doctor(context: click.Context, users: int, target: str | None, is_json: bool) -> None:
    """Say what this machine is, what so many users need of it, and the commands that would change it.

    It reads only. Exits with 1 if anything is critical.
    """
    try:
        examination = examine(users, target)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--target") from error
    if is_json:
        click.echo(orjson.dumps(examination.as_data(), option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(as_text(examination))
    if examination.verdict is Level.CRITICAL:
        context.exit(Exit.CRITICAL)
