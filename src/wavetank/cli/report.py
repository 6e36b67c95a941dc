"""`wavetank report`: the results of a run, made again from its run folder."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import click

from wavetank.cli.streams import settle
from wavetank.errors import RunError
from wavetank.execution.folder.record import Record
from wavetank.execution.result import Exit, exit_code
from wavetank.metrics.summary import Summary
from wavetank.report.console import print_results
from wavetank.report.json import summary_json, write_summary

_EPILOG = """\b
Examples:
  wavetank report runs/20260102T030405Z-ymera
  wavetank report runs/20260102T030405Z-ymera --json | jq .verdict
"""


@click.command(epilog=_EPILOG, short_help="Show a run again, also one that was killed.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print summary.json instead, and write nothing.")
@click.option("--strict", is_flag=True, help="Exit with 1 on a warning, too.")
def report(run: Path, as_json: bool, strict: bool) -> None:
    """Show the results of RUN, a run folder, made again from its journal timeline.jsonl.

    It needs neither the script nor the end of the run: of a run that was killed, it shows what was measured until
    then, and writes the summary.json that is missing. The exit code is that of the run, judged by what the journal
    holds; 2 if there is no run to read.
    """
    try:
        record = Record.read(run)
    except RunError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(Exit.SCRIPT_ERROR)
    summary = record.summary()
    for remark in record.remarks:
        click.echo(f"note: {remark}", err=True)
    with suppress(OSError):  # whoever reads our stdout has gone
        if as_json:
            click.echo(summary_json(summary), nl=False)
        else:
            print_results(summary, record.journal.header.outline, sys.stdout)
    settle(sys.stdout, sys.stderr)
    if not as_json:
        _keep(record, summary)
    sys.exit(exit_code(summary, interrupted=record.journal.interrupted, strict=strict))


def _keep(record: Record, summary: Summary) -> None:
    """Write the summary.json that a killed run could not write; one that is there is the run's own, and stays."""
    if record.folder is None or record.folder.summary_path.exists():
        return
    try:
        write_summary(record.folder.summary_path, summary)
    except RunError as error:  # what was shown is shown; an archive may well be read-only
        click.echo(f"note: {error}", err=True)
    else:
        click.echo(f"Written: {record.folder.summary_path}", err=True)
