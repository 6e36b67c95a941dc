"""`wavetank stress`: many connections, many messages, no script."""

from __future__ import annotations

from pathlib import Path

import click

from wavetank.cli.execute import any_seed, carry_out
from wavetank.cli.options import outputs
from wavetank.plan.model import Plan
from wavetank.plan.presets import PRESETS, stress_plan

_DEFAULT_URL = "ws://localhost:8000/ws"
_EPILOG = """\b
Examples:
  wavetank stress --serve
  wavetank stress ws://localhost:8000/ws --preset heavy
  WS_URL=ws://localhost:8000/ws CONNECTIONS=200 wavetank stress -m 20

An option beats the environment (WS_URL, CONNECTIONS, MESSAGES), the environment beats the preset.
"""


@click.command(epilog=_EPILOG, short_help="Stress a server without a script.")
@click.argument("url", required=False, envvar="WS_URL")
@click.option(
    "--preset", type=click.Choice(list(PRESETS)), default="quick", show_default=True, help="How many of each."
)
@click.option("-c", "--connections", type=click.IntRange(min=1), envvar="CONNECTIONS", help="How many connections.")
@click.option("-m", "--messages", type=click.IntRange(min=1), envvar="MESSAGES", help="How many messages on each.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="Milliseconds between messages.",
)
@outputs
def stress(
    url: str | None,
    preset: str,
    connections: int | None,
    messages: int | None,
    interval: float,
    seed: int | None,
    workers: int | None,
    output: Path | None,
    embedded: bool,
    quiet: bool,
    strict: bool,
) -> None:
    """Open connections to URL in batches of 100, and when all are open send messages on each.

    The server speaks the YMERA protocol: an agent_message is answered by an agent_response. Without URL:
    ws://localhost:8000/ws.
    """
    source = click.get_current_context().get_parameter_source("url")
    if embedded and source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError("--serve starts a target of its own: leave out the URL")
    preset_connections, preset_messages = PRESETS[preset]
    chosen_seed = any_seed() if seed is None else seed

    def make_plan(embedded_url: str | None) -> Plan:
        try:
            return stress_plan(
                f"{embedded_url}/ws" if embedded_url else url or _DEFAULT_URL,
                connections=connections or preset_connections,
                messages=messages or preset_messages,
                interval_s=interval / 1000,
                seed=chosen_seed,
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from error

    carry_out(make_plan, workers=workers, embedded=embedded, output=output, quiet=quiet, strict=strict)
