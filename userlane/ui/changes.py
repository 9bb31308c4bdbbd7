"""What changed most, in sentences, and what could not be compared."""

from collections.abc import Iterator, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from userlane import session
from userlane.contract import NAMES, Measured, unwrap
from userlane.ui.loaded import Loaded
from userlane.ui.page import query_names
from userlane.ui.text import describe_state, escape_markdown


def show_changes(place: DeltaGenerator, found: Sequence[Measured[list[str]]], of: Sequence[Loaded]) -> None:
    """What changed most, as a list in a place kept free for it; what is not up to date says so in its line.

    Whichever `of` the datasets was not loaded, is incomplete or was not compared is named.
    """
    with place.container(border=True):
        st.markdown("**What changed most**")
        lines = []
        for measured in found:
            mark = (
                ""
                if measured.condition == "complete"
                else f" {describe_state(measured.state, measured.rows)}"
            )
            lines += [f"- {escape_markdown(sentence)}{mark}" for sentence in unwrap(measured)]
        if lines:
            st.markdown("\n".join(lines))
        compared = session.filters().compare
        left_out = list(_not_compared(of)) if compared else []
        for why, whose in left_out:
            st.caption(f"Not compared, {why}: {whose}.")
        if not lines and not left_out:
            st.markdown(
                "Nothing to compare in these days."
                if compared
                else "The comparison with the period before is switched off."
            )


def _not_compared(of: Sequence[Loaded]) -> Iterator[tuple[str, str]]:
    """Why something was not compared, and what that was, as people say it."""
    found: dict[str, list[str]] = {
        "because incomplete": [],
        "because not loaded": [],
        "for the reason below": [],
    }
    for loaded in of:
        had = [dataset for dataset in loaded.current if dataset.query not in loaded.errors]
        partial = [dataset.query for dataset in had if not dataset.state.complete]
        unlike = [query for query in loaded.not_comparable if query not in partial]
        for whose, queries in zip(found.values(), (partial, list(loaded.errors), unlike), strict=True):
            every = len(queries) == len({*loaded.errors, *(dataset.query for dataset in had)})
            if queries:
                whose.append(NAMES[loaded.name] if every else query_names(queries))
    return ((why, ", ".join(whose)) for why, whose in found.items() if whose)
