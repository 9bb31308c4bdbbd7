"""`python -m userlane bench`: measures loads, pages and exports on this machine, beside other ways."""
# ruff: noqa: PLC0415 - as in __main__, `--help` must not wait for what only a run needs

from pathlib import Path

import click

from userlane.cli.console import Command, say
from userlane.errors import UserlaneError

# The names in `benchmarks.suite.PARTS`, which is missing where only the app is installed.
PARTS = ("fetch", "latency", "memory", "store", "pages", "sessions", "export")
ROWS = 1_000_000
BROKE_OFF = 5


@click.command(cls=Command, short_help="Measure this machine, beside other ways to load the same.")
@click.option("--only", "parts", type=click.Choice(PARTS), multiple=True, help="A part; may be repeated.")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Shown are medians.")
@click.option(
    "--rows", type=click.IntRange(10_000), default=ROWS, show_default=True, help="Fewer, to try it out."
)
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write the table there as well.")
def bench(parts: tuple[str, ...], runs: int, rows: int, out: Path | None) -> int:
    """Measure loading, storing, pages, sessions and exports, and print one table in Markdown.

    It needs a checkout and the packages that `scripts/bench` installs. Only this machine is talked to. All of
    it takes the better part of an hour; --only and --rows make it shorter.
    """
    try:
        from benchmarks import suite

        report = suite.report(parts, rows, runs, say)
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    click.echo(report.text, nl=False)
    if out:
        try:
            out.write_text(report.text, encoding="utf-8")
        except OSError as error:
            raise UserlaneError(
                f"Writing to {out} failed ({error.strerror}).", "Choose another --out."
            ) from error
    return 0 if report.whole else BROKE_OFF


def _missing(error: ModuleNotFoundError) -> UserlaneError:
    if (error.name or "").split(".")[0] == "benchmarks":
        return UserlaneError(
            "The benchmarks are not here.", "They are in a checkout: run scripts/bench there."
        )
    return UserlaneError(
        f"The package {error.name} is missing.", "Run scripts/bench: it installs what is needed."
    )
