"""What commands say to people, and what they keep to themselves."""

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
    """A command whose words are the only ones on standard error, unless USERLANE_LOG_LEVEL asks for a log."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, with the log set up."""
        from userlane import logs  # noqa: PLC0415 - `--help` must not wait for it

        logs.configure(quiet=True)
        return super().invoke(ctx)


def say(words: str, *, in_place: bool = False) -> None:
    """One line on standard error, whatever the API or a file put into it."""
    printable = "".join(sign if sign.isprintable() else " " for sign in words)
    line = " ".join(printable.split())
    click.echo(f"{REWRITE_LINE}{line}" if in_place else line, err=True, nl=not in_place)


def unforeseen(error: Exception) -> tuple[str, str]:
    """What to say, and to do, about a failure that nobody thought of; it is logged under the error ID."""
    from userlane import logs  # noqa: PLC0415 - as above

    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
    return (
        f"This should not happen: {where} (error ID {logs.noted(error)}).",
        f"Please report this line; with {logs.SETTING}=debug there is more.",
    )


class Watch:
    """Says on standard error how far a load is: in place on a terminal, else a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._pause = PAUSE_ON_TERMINAL if self._terminal else PAUSE_IN_LOG
        self._said_at = time.monotonic()
        self._waiting = ""

    def __call__(self, progress: "Progress") -> None:
        """Hear of progress; a wait is told at once, once."""
        began_waiting = bool(progress.waiting) and progress.waiting != self._waiting
        self._waiting = progress.waiting
        if began_waiting or time.monotonic() - self._said_at >= self._pause:
            self._said_at = time.monotonic()
            words = f"Records so far: {format_number(progress.records)}. {_ahead(progress)}{progress.waiting}"
            if progress.waiting_until:
                words += f" Next request at {progress.waiting_until.astimezone():%H:%M:%S}."
            say(words, in_place=self._terminal)

    def done(self) -> None:
        """Make room for the next words."""
        if self._terminal:
            say("", in_place=True)


def _ahead(progress: "Progress") -> str:
    """How much there will be and how long it will take, once that can be told."""
    if progress.left is None:
        return ""
    expected, rate = format_number(progress.expected), format_number(progress.rate)
    return f"About {expected} in all, {rate} a second, {format_time_left(progress.left)}. "
