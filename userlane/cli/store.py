"""`python -m userlane store`: lists and deletes stored records."""
# ruff: noqa: PLC0415 - as in __main__, `--help` must not wait for what only a run needs

from typing import TYPE_CHECKING

import click

from userlane.cli.console import Command, say
from userlane.contract import check_id
from userlane.errors import SettingsUnusable
from userlane.formatting import format_number
from userlane.settings import Settings

if TYPE_CHECKING:
    from userlane.store import FolderStore


@click.group(short_help="List or delete what is stored.")
def store() -> None:
    """List or delete the records that are stored in USERLANE_STORE."""


@store.command("list", cls=Command, short_help="One line for each stored window.")
@click.option("--property", "property_id", metavar="ID", help="Only of this property.")
def list_windows(property_id: str | None) -> int:
    """Print what is stored as CSV on standard output: for each window the dataset, property, survey, first
    day and end, time zone, records, bytes, and when it was fetched. Every window listed is complete.
    """
    click.echo("dataset,property_id,survey_id,start,end,timezone,records,bytes,fetched_at")
    for each in _open_store().list_windows():
        query = each.query
        if property_id in {None, query.property_id}:
            days = f"{query.window.start},{query.window.end},{query.timezone}"
            about = f"{query.dataset},{query.property_id},{query.survey_id or ''},{days}"
            click.echo(f"{about},{each.rows},{each.size},{each.fetched_at.isoformat(timespec='seconds')}")
    return 0


@store.command("delete", cls=Command, short_help="Delete what is stored of one property.")
@click.option("--property", "property_id", metavar="ID", required=True, help="The property's ID.")
def delete_windows(property_id: str) -> int:
    """Delete all that is stored of one property. A dashboard that runs on the same store fetches it again
    when somebody asks for it.
    """
    windows = _open_store().delete(check_id(property_id, "property ID"))
    say(f"Stored windows deleted: {format_number(windows)}.")
    return 0


def _open_store() -> "FolderStore":
    from userlane.store import FolderStore, open_store

    store = open_store(Settings.read())
    if not isinstance(store, FolderStore):
        raise SettingsUnusable("Nothing is stored (USERLANE_STORE=none).", "Name the store to look at.")
    return store
