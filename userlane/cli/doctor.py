"""`python -m userlane doctor`: checks the connection."""
# ruff: noqa: PLC0415 - as in __main__, `--help` must not wait for what only a run needs

import click

from userlane.cli.console import Command
from userlane.contract import check_id
from userlane.errors import SettingsUnusable
from userlane.settings import Settings


@click.command(cls=Command, short_help="Check the connection and say what to do about each problem.")
@click.option("--property", "property_id", metavar="ID", help="By default those of USERLANE_PROPERTIES.")
@click.option(
    "--survey-id", "survey_ids", metavar="ID", multiple=True, help="A survey of it; may be repeated."
)
def doctor(property_id: str | None, survey_ids: tuple[str, ...]) -> int:
    """Ask each API for the last 7 days and report what came: the address, the status and the time it took,
    which keys were recognised as which fields, where pages begin, how many records there are, whether the
    clocks agree; and what to do about each problem.

    At most four requests go to each API. The report is on standard output. Neither the token nor anything
    out of a record is in it, so it can be pasted to a colleague.

    \b
    Exit codes:
      0  all is well
      2  wrong usage or settings
      4  token or rights refused
      5  anything else
    """  # noqa: D301 - click looks for the sign \b, not for a backslash
    from userlane.doctor import examine

    settings = Settings.read()
    chosen = [property_id] if property_id is not None else list(settings.properties)
    if not chosen:
        raise click.UsageError("there is no property: give --property, or set USERLANE_PROPERTIES.")
    if settings.token is None:
        raise SettingsUnusable("There is no token.", "Set USERLANE_TOKEN (Portal: Settings > API Token).")
    connection = settings.connection(settings.token)
    surveys = [check_id(survey_id, "survey ID") for survey_id in survey_ids]
    codes: list[int] = []
    for each in chosen:
        report = examine(connection, check_id(each, "property ID"), surveys, timezone=settings.timezone)
        click.echo(("\n" if codes else "") + report.text(), nl=False)
        codes.append(report.exit_code)
    return next((code for code in (4, 5) if code in codes), 0)
