"""The command line, for schedules, BI tools and reports without a browser.

A file goes to standard output only with `--out -`. Messages go to standard error; a failure is one line with
its cause and next step. Heavy modules are imported by the commands that need them, so `--help` is fast.
"""
# ruff: noqa: PLC0415 - see above

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from userlane.cli.bench import bench
from userlane.cli.console import Command, ProgressLine, describe_unexpected, say
from userlane.cli.doctor import doctor
from userlane.cli.profile import profile
from userlane.cli.saved_json import load_files, read_file
from userlane.cli.store import store
from userlane.contract import DATASETS, DatasetName, Query, Window, check_id
from userlane.errors import SettingsUnusable, UserlaneError
from userlane.formatting import format_number
from userlane.settings import Settings

if TYPE_CHECKING:
    from userlane.contract import Dataset
    from userlane.export import Format
    from userlane.lookups.names import Names

PROGRAM = "python -m userlane"
DEFECT, USAGE, INCOMPLETE, INTERRUPTED = 1, 2, 3, 130

# The values of `export.FORMATS`, which take too long to import for `--help`.
FORMATS = ("csv", "json", "parquet")

DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Userlane Analytics without a browser: HEART, NPS, survey and Tag records for BI tools and reports.

    The API's address is read from USERLANE_BASE_URL and the token from USERLANE_TOKEN, never from an
    argument. To try it out, start `sandbox` in a second terminal and set the two as it says.

    With USERLANE_LOG_LEVEL (debug, info, warning or error) a log of what happens joins the words on standard
    error.
    """


@commands.command(cls=Command, short_help="Write the records of one dataset to a file.")
@click.argument("dataset", type=click.Choice(DATASETS))
@click.option("--property", "property_id", metavar="ID", help="The property's ID.")
@click.option("--survey-id", metavar="ID", help="The survey's ID; for surveys, and needed there.")
@click.option("--start", metavar="DATE", type=DAY, help="The first day, as 2026-04-01.")
@click.option("--end", metavar="DATE", type=DAY, help="The day after the last, as 2026-05-01.")
@click.option(
    "--from-file", "files", metavar="FILE|-", multiple=True, help="A saved answer, in place of the API."
)
@click.option("--tag-names", metavar="FILE.csv", type=FILE, help="For tags: the Portal's CSV of names.")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="By default as --out ends, else csv.")
@click.option("--out", metavar="FILE|-", help="Where to write; - is standard output.")
def export(  # noqa: PLR0917 - click passes them by keyword
    dataset: DatasetName,
    property_id: str | None,
    survey_id: str | None,
    start: datetime | None,
    end: datetime | None,
    files: tuple[str, ...],
    tag_names: Path | None,
    kind: "Format | None",
    out: str | None,
) -> int:
    """Write the records of one dataset to a file.

    Without --out it is a new file in the current folder, named after what is inside. A file named with --out
    is replaced if it exists, once the new one is whole. Incomplete records are marked in the file itself: in
    JSON by "complete" and "reasons", in CSV by a last column "incomplete".

    With --from-file (one or several, each an answer saved from "Try it") nothing is asked of the API and no
    token is needed. --start and --end are then by default the days the records span, and the survey the one
    that they are of. Since nobody can know whether files hold everything, the outcome is always incomplete.

    \b
    Exit codes:
      0  complete
      2  wrong usage or settings
      3  incomplete: the file is written and marked, the missing days are named; always with --from-file
      4  token or rights refused
      5  the API or a file could not be used
    """  # noqa: D301 - click looks for the sign \b, not for a backslash
    # SIGTERM ends like Ctrl+C, so that no half-written file stays behind.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if (dataset == "surveys") != (survey_id is not None) and not (files and survey_id is None):
        raise click.UsageError("surveys need a --survey-id, and nothing else takes one.")
    if dataset != "tags" and tag_names:
        raise click.UsageError("--tag-names is for tags only.")
    settings = Settings.read()
    query = None if files else _make_query(dataset, property_id, survey_id, (start, end), settings.timezone)
    names = _read_names(tag_names) if tag_names else None
    if out != "-":
        _check_writable(out)
    if query:
        loaded = _fetch(settings, query)
    else:
        loaded = load_files(settings, dataset, files, property_id, survey_id, (start, end))
    if names:
        loaded = _name_tags(loaded, names)
    _write(loaded, kind or _choose_format(out), out)
    return _report_state(loaded, "" if files else "Run this again, or for fewer days.")


for each in (profile, doctor, store, bench):
    commands.add_command(each)


@commands.command(cls=Command, short_help="Serve made-up data to try things out.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="By default any that is free.")
def sandbox(port: int) -> int:
    """Serve made-up data through an API like the real one, on this machine, until Ctrl+C."""
    from userlane.sandbox import serve

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with serve(port) as server:
        click.echo(f"export USERLANE_BASE_URL={server.base_url}\nexport USERLANE_TOKEN={server.token}")
        for property_id, name in server.properties.items():
            surveys = ", ".join(server.surveys.get(property_id, {}))
            click.echo(f"# --property {property_id}  ({name}; --survey-id {surveys})")
        click.echo("# Ctrl+C ends it.")
        ended.wait()
    return 0


def _make_query(
    dataset: DatasetName,
    property_id: str | None,
    survey_id: str | None,
    days: tuple[datetime | None, datetime | None],
    timezone: str,
) -> Query:
    start, end = days
    if property_id is None or start is None or end is None:
        missing = {"--property": property_id, "--start": start, "--end": end}
        raise click.UsageError(f"Missing option '{next(name for name in missing if missing[name] is None)}'.")
    return Query(
        dataset,
        check_id(property_id, "property ID"),
        Window(start.date(), end.date()),
        survey_id if survey_id is None else check_id(survey_id, "survey ID"),
        timezone,
    )


def _read_names(file: Path) -> "Names":
    from userlane.lookups.names import read_names

    return read_names(read_file(str(file), "--tag-names"), file.name)


def _check_writable(out: str | None) -> None:
    """Check before any request that the file can be written. Raises `UserlaneError` if not."""
    target = Path.cwd() / (out or "file")
    special = target.exists() and not target.is_file()
    if target.is_dir() or not os.access(target if special else target.parent, os.W_OK):
        raise UserlaneError(f"No file can be written at {target}.", "Choose another --out.")


def _fetch(settings: Settings, query: Query) -> "Dataset":
    from userlane.fetch import Fetcher

    if settings.token is None:
        raise SettingsUnusable("There is no token.", "Set USERLANE_TOKEN (Portal: Settings > API Token).")
    watch = ProgressLine()
    try:
        with contextlib.closing(Fetcher(settings)) as fetcher:
            return fetcher.load(settings.connection(settings.token), query, progress=watch)
    finally:
        watch.done()


def _name_tags(loaded: "Dataset", names: "Names") -> "Dataset":
    """Return `loaded` with the names of its tags, and therefore with another fingerprint."""
    import pyarrow.compute as pc

    from userlane.lookups.tag_join import match_tags, name_tags

    used = {tag_id for batch in loaded.batches() for tag_id in pc.unique(batch["tag_id"]).to_pylist()}
    say(f"{match_tags(sorted(used), names).sentence()}.")
    return loaded.transform(partial(name_tags, names=names), names.digest)


def _choose_format(out: str | None) -> "Format":
    ending = Path(out or "").suffix.removeprefix(".").lower()
    return cast("Format", ending if ending in FORMATS else "csv")


def _write(loaded: "Dataset", kind: "Format", out: str | None) -> None:
    from userlane.export import file_name, write_records

    target = out or file_name(loaded.query, loaded.state, loaded.fingerprint, kind)
    place = "standard output" if target == "-" else target
    try:
        with _open_target(target) as sink:
            write_records(loaded, kind, sink)
    except OSError as error:
        raise UserlaneError(
            f"Writing to {place} failed ({error.strerror}).", "Choose another --out."
        ) from error
    say(f"Records written to {place}: {format_number(loaded.rows)}.")


@contextlib.contextmanager
def _open_target(target: str) -> Iterator[BinaryIO]:
    """Open a file that replaces `target` when all is written, and is removed if writing fails."""
    path = Path(target)
    if target == "-":
        with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as sink:
            yield sink
        return
    if path.exists() and not path.is_file():
        # A pipe or a device is written to and not replaced, since others use it.
        with path.open("wb") as sink:
            yield sink
        return
    path = path.resolve()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as sink:
            yield sink
            sink.flush()
            os.fsync(sink.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _report_state(loaded: "Dataset", advice: str = "") -> int:
    """Write what the reader of the file must know to standard error, and return the exit code."""
    from userlane.export import mark, reasons

    state = loaded.state
    for reason, count in state.refused.items():
        say(f"Records left out: {format_number(count)} ({reason}).")
    if state.duplicates:
        say(f"Repeated records left out: {format_number(state.duplicates)}.")
    if state.outside:
        say(f"Records from outside the period left out: {format_number(state.outside)}.")
    for note in state.notes:
        say(note)
    marked = mark(state)
    if marked is None:
        return 0
    say(f"{marked}: {' '.join(reasons(state))} The file is marked. {advice}")
    return INCOMPLETE


def _report_failure(code: int, cause: str, next_step: str) -> int:
    say(f"error: {cause} {next_step}")
    return code


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code. A failure is one line on standard error."""
    try:
        code: int = commands.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else PROGRAM
        return _report_failure(USAGE, error.format_message(), f"See {command} --help.")
    except click.Abort:
        return _report_failure(INTERRUPTED, "Stopped.", "Nothing was written.")
    except UserlaneError as error:
        return _report_failure(error.exit_code, error.cause, error.next_step)
    except Exception as error:  # noqa: BLE001 - a traceback helps nobody in a schedule, and may show data
        return _report_failure(DEFECT, *describe_unexpected(error))
    return code


if __name__ == "__main__":
    sys.exit(main())
