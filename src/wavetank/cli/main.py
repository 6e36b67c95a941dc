"""The command `wavetank`."""

from __future__ import annotations

import click

from wavetank.cli.check import check
from wavetank.cli.doctor import doctor
from wavetank.cli.report import report
from wavetank.cli.run import run
from wavetank.cli.serve import serve
from wavetank.cli.stress import stress
from wavetank.engine.compiled import is_compiled

_EPILOG = """\b
Examples:
  wavetank stress ws://localhost:8000/ws --preset quick
  wavetank run script.yml
  wavetank run script.yml --serve     try a script against the reference target
  wavetank report runs/NAME           a run again, also one that was killed
"""


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wavetank", message=f"%(prog)s %(version)s{', compiled' if is_compiled() else ''}")
def main() -> None:
    """Load-test a WebSocket server, and see whether it holds.

    \b
    Exit codes: 0 verdict ok or warning; 1 verdict critical; 2 usage or script error, nothing was sent;
    3 the run could not be carried out; 4 the generator did not keep up, the numbers are not to be
    trusted; 130 interrupted, with reports of what was measured until then.
    """  # noqa: D301  # \b is click's mark for lines that it must not fill


for _verb in (run, stress, serve, check, doctor, report):
    main.add_command(_verb)
