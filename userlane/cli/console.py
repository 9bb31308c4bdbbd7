"""Writes messages and progress of commands to standard error."""

import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from userlane.formatting import format_number, format_time_left

if TYPE_CHECKING:
    from userlane.fetch import Progress

PAUSE_ON_TERMINAL, PAUSE_IN_LOG = 0.2, 10.0
REWRITE_LINE = "\r\x1b[K"


class Command(click.Command):
    """A command that logs nothing on standard error, unless USERLANE_LOG_LEVEL is set."""

    def invoke(self, ctx: click.Context) -> Any:
        """Set up the log and run the command."""
        from userlane import logs  # noqa: PLC0415 - `--help` must not wait for it

        logs.configure(quiet=True)
        return super().invoke(ctx)


def say(words: str, *, in_place: bool = False) -> None:
    """Write one line to standard error, without control characters that the API or a file may have sent."""
    printable = "".join(sign if sign.isprintable() else " " for sign in words)
    line = " ".join(printable.split())
    click.echo(f"{REWRITE_LINE}{line}" if in_place else line, err=True, nl=not in_place)


def describe_unexpected(error: Exception) -> tuple[str, str]:
    """Log an unexpected error; return its cause, with the error ID, and the next step."""
    from userlane import logs  # noqa: PLC0415 - as above

    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
    return (
        f"This should not happen: {where} (error ID {logs.log_error(error)}).",
        f"Please report this line; with {logs.SETTING}=debug there is more.",
    )


class ProgressLine:
    """Writes the progress of a load to standard error: in place on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._pause = PAUSE_ON_TERMINAL if self._terminal else PAUSE_IN_LOG
        self._said_at = time.monotonic()
        self._waiting = ""

    def __call__(self, progress: "Progress") -> None:
        """Write the progress if the last line is old enough, or if a wait began."""
        began_waiting = bool(progress.waiting) and progress.waiting != self._waiting
        self._waiting = progress.waiting
        if began_waiting or time.monotonic() - self._said_at >= self._pause:
            self._said_at = time.monotonic()
            words = f"Records so far: {format_number(progress.records)}. "
            words += f"{_estimate(progress)}{progress.waiting}"
            if progress.waiting_until:
                words += f" Next request at {progress.waiting_until.astimezone():%H:%M:%S}."
            say(words, in_place=self._terminal)

    def done(self) -> None:
        """Clear the line on a terminal."""
        if self._terminal:
            say("", in_place=True)


def _estimate(progress: "Progress") -> str:
    """Describe the expected number of records and the time left, if they are known."""
    if progress.left is None:
        return ""
    expected, rate = format_number(progress.expected), format_number(progress.rate)
    return f"About {expected} in all, {rate} a second, {format_time_left(progress.left)}. "
