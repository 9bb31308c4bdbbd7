"""Offers downloads as CSV and JSON: the tables exactly as shown, and the raw records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial

import pandas as pd
import streamlit as st
import structlog

from userlane import cache, export, session
from userlane.contract import Dataset, Measured, unwrap
from userlane.export import Format
from userlane.formatting import format_count
from userlane.logs import log_error
from userlane.lookups.names import Names
from userlane.lookups.tag_join import name_tags
from userlane.ui.loaded import Loaded
from userlane.ui.text import escape_markdown

FORMATS: tuple[Format, ...] = ("csv", "json")
MOST_RECORDS = 2_000_000
"""Records in one file at most: some 100 MB, which the server holds in memory during the download."""


@dataclass(frozen=True)
class ExportedTable:
    """A table as shown: its name in words, its rows, and the page's own filters that made it.

    Files leave out the column `trend`, which is drawn as a small line on screen. Raises `TypeError` for a
    table that does not say which rows it comes from.
    """

    name: str
    table: Measured[pd.DataFrame]
    filters: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as they are written into a file."""
        return _without_trend(unwrap(self.table))

    @cached_property
    def fingerprint(self) -> str:
        """Identifies these rows."""
        return unwrap(cache.measure_cached(_fingerprint, self.table))

    def __post_init__(self) -> None:
        unwrap(self.table)


def _without_trend(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="trend", errors="ignore")


def _fingerprint(table: pd.DataFrame) -> str:
    return export.fingerprint(_without_trend(table))


def show_downloads(*views: ExportedTable, raw: Loaded | None = None) -> None:
    """Draw the download menu, if there is anything to download. A file is made when it is clicked."""
    if not views and raw is None:
        return
    with st.popover("Download", icon=":material/download:"):
        for view in views:
            _show_buttons(view.name.capitalize(), partial(_name_table, view), partial(_write_table, view))
        for dataset in raw.current if raw else ():
            if dataset.absent:
                continue
            survey = session.visit().surveys.get(dataset.query.survey_id or "", dataset.query.survey_id)
            of = f"Raw records: {survey}" if survey else f"Raw records: {dataset.query.dataset}"
            if dataset.rows > MOST_RECORDS:
                st.caption(
                    f"{escape_markdown(of)}: {format_count(dataset.rows, 'record')} are too many for a "
                    "browser. Choose a shorter range, or have `python -m userlane export` write them."
                )
                continue
            # Files are made outside the script, where there is no visit to look into.
            names = session.visit().names if dataset.query.dataset == "tags" else None
            _show_buttons(of, partial(_name_records, dataset, names), partial(_write_records, dataset, names))
        st.caption("In Excel: Data > From Text/CSV. JSON also says the range and whether it is complete.")


def _show_buttons(label: str, name: Callable[[Format], str], content: Callable[[Format], bytes]) -> None:
    words, *buttons = st.columns([2, 1, 1], vertical_alignment="center", wrap=False)
    words.markdown(escape_markdown(label))
    for button, kind in zip(buttons, FORMATS, strict=True):
        file_name = name(kind)
        button.download_button(
            kind.upper(),
            data=_log_failures(partial(content, kind)),
            file_name=file_name,
            mime=export.MEDIA_TYPES[kind],
            key=f"download-{file_name}",
            on_click="ignore",
        )


def _name_table(view: ExportedTable, kind: Format) -> str:
    query, state = view.table.query, view.table.state
    return export.file_name(query, state, view.fingerprint, kind, view.name, view.filters)


def _write_table(view: ExportedTable, kind: Format) -> bytes:
    query, state = view.table.query, view.table.state
    return export.view_file(view.frame, query, state, view.name, view.filters, kind)


def _name_records(dataset: Dataset, names: Names | None, kind: Format) -> str:
    mark = f"{dataset.fingerprint} {names.digest}" if names else dataset.fingerprint
    return export.file_name(dataset.query, dataset.state, mark, kind)


def _write_records(dataset: Dataset, names: Names | None, kind: Format) -> bytes:
    if names:
        dataset = dataset.transform(partial(name_tags, names=names), names.digest)
    return export.records_file(dataset, kind)


def _log_failures(work: Callable[[], bytes]) -> Callable[[], bytes]:
    """Return `work` with its errors logged, for functions that Streamlit calls outside the script.

    The visitor reads Streamlit's own “Failed to generate file for download” under the button; the log says on
    whose page, and why.
    """
    context = structlog.contextvars.get_contextvars()

    def guarded() -> bytes:
        try:
            return work()
        except Exception as error:
            with structlog.contextvars.bound_contextvars(**context):
                log_error(error)
            raise

    return guarded
