"""What a person sees of a run: its progress on stderr while it lasts, its results on stdout in the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, TextIO

from rich.console import Console as Terminal
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from wavetank.execution.folder.masking import mask_text
from wavetank.metrics.bounded import printable
from wavetank.metrics.snapshot import Snapshot
from wavetank.metrics.summary import Summary
from wavetank.plan.model import Plan
from wavetank.plan.outline import Outline
from wavetank.report.figures import clock, rate
from wavetank.report.progress import Moment, Progress, brief, line
from wavetank.report.text import details, results_block

_EVERY_S = 5.0
_JITTER_S = 0.25  # a snapshot that is due on the fifth second may come a little before it
_NOTICES_AT_ONCE = 5
_NOTICE_LENGTH = 2000


class Console:
    """Shows a run: `start`, `snapshot` each second, `notice` whenever there is something to say, then `finish`.

    On a terminal there is a live display, drawn again only when a snapshot comes: its own thread would take the
    processor from the generator. Anywhere else a plain line is written every five seconds. `quiet`: nothing but
    the results. Whoever calls `start` must see to it that `finish` or `close` is called, else the terminal's cursor
    stays hidden. A terminal that goes away ends the display, and never the run.
    """

    def __init__(self, *, quiet: bool = False, terminal: Terminal | None = None, results: TextIO | None = None) -> None:
        """`terminal` is where progress goes (else stderr), `results` where the results go (else stdout)."""
        self._quiet = quiet
        # FORCE_COLOR alone must not send a live display into a pipe, hence not rich's own guess.
        self._terminal = terminal or Terminal(stderr=True, force_terminal=_is_terminal(sys.stderr))
        self._results = results
        self._outline: Outline | None = None
        self._progress: Progress | None = None
        self._live: Live | None = None
        self._next_s = 0.0
        self._held: list[str] = []
        self._said = 0

    def start(self, plan: Plan, target: str, folder: Path | None) -> None:
        """The run is about to begin, against `target` (its userinfo is masked); it leaves its files in `folder`."""
        self._outline = Outline.of(plan)
        self._progress = Progress(plan)
        phases = f"{len(plan.phases)} phase{'' if len(plan.phases) == 1 else 's'}"
        planned = clock(self._progress.planned_s)
        self.log(f"Running {plan.name} against {mask_text(target)}: {phases} over {planned}, seed {plan.seed}")
        if folder is not None:
            self.log(f"Run folder: {folder}")
        self._said = 0
        if not self._quiet and self._terminal.is_terminal and not self._terminal.is_dumb_terminal:
            self._live = Live(
                console=self._terminal,
                auto_refresh=False,
                transient=True,
                vertical_overflow="crop",
                redirect_stdout=_is_terminal(sys.stdout),
            )
            self._draw(self._live.start)

    def snapshot(self, snapshot: Snapshot, total: Snapshot) -> None:
        """The latest interval, of one worker or of all together, and the sum of the run until then."""
        if self._quiet or self._progress is None:
            return
        moment = self._progress.add(snapshot, total)
        self._said = 0
        if self._held:
            held, self._held = self._held, []
            self._write(held)
        if self._live is not None:
            if moment.elapsed_s >= self._next_s - _JITTER_S:
                # Once a second, however many workers there are: drawing costs a millisecond of the generator's.
                self._next_s = moment.elapsed_s + 1.0
                self._draw(partial(self._live.update, self._display(moment), refresh=True))
        elif moment.elapsed_s >= self._next_s - _JITTER_S:
            self._next_s = ((moment.elapsed_s + _JITTER_S) // _EVERY_S + 1) * _EVERY_S
            self._write([line(moment)])

    def log(self, text: str) -> None:
        """A line that is worth nothing once the results are there: a `log` step, where the run folder is."""
        if not self._quiet:
            self.notice(text)

    def notice(self, text: str) -> None:
        """A line for a person, quiet or not: a warning, "stopping…". On a live display, many of them come in bulk."""
        lines = [printable(each, _NOTICE_LENGTH) for each in text.splitlines()]
        self._said += 1
        if self._live is not None and self._said > _NOTICES_AT_ONCE:
            # Each one would have the display drawn anew, and a scenario may log thousands in a second.
            self._held += lines
        else:
            self._write(lines)

    def finish(self, summary: Summary, folder: Path | None) -> None:
        """The run is over: its results go to stdout. Raises OSError where stdout cannot take them."""
        self.close()
        print_results(summary, self._outline, self._results or sys.stdout)
        if folder is not None:
            self.log(f"Everything about this run is in {folder}")

    def close(self) -> None:
        """Takes the live display away; nothing else. Safe to call twice, and before `start`."""
        live, self._live = self._live, None
        if live is not None:
            self._draw(live.stop)
        held, self._held = self._held, []
        self._write(held)
        self._said = 0

    def _display(self, moment: Moment) -> Group:
        elapsed, planned = moment.elapsed_s, moment.planned_s
        head = Text(self._fit(moment.stage), style="bold", no_wrap=True, overflow="crop")
        if moment.goal:
            head.append(f"   planned {moment.goal}", style="not bold")
        if elapsed < planned:
            clocks = f"{clock(elapsed)} of {clock(planned)}, {clock(planned - elapsed)} left"
        else:
            clocks = f"{clock(elapsed)}, {clock(elapsed - planned)} after the last arrival was due"
        bar = Table.grid(padding=(0, 2), expand=False)
        # A bar of nothing would divide by zero.
        share = ProgressBar(total=max(planned, 1e-9), completed=min(elapsed, planned) if planned else 1e-9, width=40)
        bar.add_row(share, clocks)
        figures = Table.grid(padding=(0, 2), expand=False)
        figures.add_column(no_wrap=True, style="dim")
        figures.add_column(no_wrap=True, overflow="crop")
        figures.add_row("users", f"{moment.active:,} active, {moment.started:,} started, {moment.failed:,} failed")
        figures.add_row("connections", f"{moment.open:,} open")
        figures.add_row(
            "messages",
            f"{rate(moment.sent_rate)}/s sent, {rate(moment.received_rate)}/s received, "
            f"{rate(moment.reply_rate)}/s of them replies",
        )
        figures.add_row("response time", f"p50 {brief(moment.p50)}, p95 {brief(moment.p95)}, p99 {brief(moment.p99)}")
        errors = Text(f"{moment.error_count:,}", style="red" if moment.error_count else "")
        if moment.errors:
            errors.append(self._fit(f": {moment.top_errors}"))
        figures.add_row("errors", errors)
        if moment.generator:
            figures.add_row("generator", Text(self._fit(moment.generator), style="yellow"))
        return Group(head, bar, figures)

    def _fit(self, text: str) -> str:
        return _fitting(text, self._terminal.encoding)

    def _write(self, lines: Iterable[str]) -> None:
        text = "\n".join(self._fit(each) for each in lines)
        if not text:
            return
        if self._live is not None:
            self._draw(partial(self._terminal.print, Text(text), soft_wrap=True))
        else:
            self._draw(partial(_print, self._terminal.file, text))

    def _draw(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (OSError, ValueError):  # the terminal has gone; ValueError says that its file is closed
            self._quiet = True
            live, self._live = self._live, None
            if live is not None:
                with suppress(OSError, ValueError):
                    live.stop()


def print_results(summary: Summary, outline: Outline | None, results: TextIO) -> None:
    """Writes the results of a run, in whatever characters `results` can take. Raises OSError where it takes none."""
    results.write(_fitting(f"{results_block(summary)}\n\n{details(summary, outline)}\n", results.encoding))
    results.flush()


def _print(file: IO[str], text: str) -> None:
    # Not by way of rich, which breaks lines at 80 columns, and ends the process when a pipe breaks.
    file.write(f"{text}\n")
    file.flush()


def _fitting(text: str, encoding: str | None) -> str:
    """The text with a question mark for whatever the encoding has not got: a terminal may know 256 characters."""
    name = encoding or "utf-8"
    if not name.lower().startswith("utf"):
        text = text.replace("…", "...")
    return text.encode(name, "replace").decode(name)


def _is_terminal(file: TextIO | None) -> bool:
    """Whether a person looks at it. Under pythonw there is no stream at all."""
    try:
        return file is not None and file.isatty()
    except ValueError:  # it is closed
        return False
