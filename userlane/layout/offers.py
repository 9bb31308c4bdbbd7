"""What can be taken away: exactly what is shown, and the raw records, as CSV and JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pandas as pd
import streamlit as st

from userlane import export, lookups, session
from userlane.contract import Dataset
from userlane.export import Format
from userlane.layout.loading import Loaded
from userlane.layout.text import plain
from userlane.lookups import Names

FORMATS: tuple[Format, ...] = ("csv", "json")


@dataclass(frozen=True)
class View:
    """A table as shown: its name in words, its rows, and the page's own filters that made it."""

    name: str
    frame: pd.DataFrame
    loaded: Loaded
    filters: Mapping[str, str] = field(default_factory=dict)


def offer(*views: View, raw: Sequence[Dataset] = ()) -> None:
    """The download menu of a page. Files are made when their button is pressed."""
    with st.popover("Download", icon=":material/download:"):
        for view in views:
            _buttons(view.name.capitalize(), partial(_view_name, view), partial(_view_file, view))
        for dataset in raw:
            survey = session.visit().surveys.get(dataset.query.survey_id or "", dataset.query.survey_id)
            of = f"Raw records: {survey}" if survey else f"Raw records: {dataset.query.dataset}"
            # Files are made outside the script, where there is no visit to look into.
            names = session.visit().names if dataset.query.dataset == "tags" else None
            _buttons(of, partial(_raw_name, dataset, names), partial(_raw_file, dataset, names))
        st.caption("In Excel: Data > From Text/CSV. JSON also says the range and whether it is complete.")


def _buttons(label: str, name: Callable[[Format], str], content: Callable[[Format], bytes]) -> None:
    words, *buttons = st.columns([2, 1, 1], vertical_alignment="center", wrap=False)
    words.markdown(plain(label))
    for button, kind in zip(buttons, FORMATS, strict=True):
        button.download_button(
            kind.upper(),
            data=partial(content, kind),
            file_name=name(kind),
            mime=export.MEDIA_TYPES[kind],
            key=f"download-{name(kind)}",
            on_click="ignore",
        )


def _view_name(view: View, kind: Format) -> str:
    query, mark = view.loaded.now[0].query, "-".join(each.fingerprint for each in view.loaded.now)
    return export.file_name(query, view.loaded.state, mark, kind, view.name, view.filters)


def _view_file(view: View, kind: Format) -> bytes:
    first = view.loaded.now[0]
    return export.view_file(view.frame, first.query, view.loaded.state, view.name, view.filters, kind)


def _raw_name(dataset: Dataset, names: Names | None, kind: Format) -> str:
    mark = f"{dataset.fingerprint} {names.digest}" if names else dataset.fingerprint
    return export.file_name(dataset.query, dataset.state, mark, kind)


def _raw_file(dataset: Dataset, names: Names | None, kind: Format) -> bytes:
    if names:
        dataset = replace(dataset, table=lookups.name_tags(dataset.table, names))
    return export.records_file(dataset, kind)
