"""Tag names: the Portal's CSV is uploaded, and what it named is said."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from userlane import session
from userlane.contract import Measured, unwrap
from userlane.errors import UserlaneError
from userlane.formatting import format_count, format_number
from userlane.lookups.csvfile import MAX_BYTES
from userlane.lookups.names import read_names_file
from userlane.lookups.tag_join import match_tags
from userlane.reader_process import FILE, run_reader
from userlane.ui.text import describe_state, escape_markdown
from userlane.ui.uploads import read_uploads

WIDTH = 760
LONGEST, MOST = 80, 100
"""Characters of a name in a list, and names in it."""


def show_tag_names() -> None:
    """The upload of the Portal's tag names; kept for the visit, on every page."""
    visit = session.visit()
    st.markdown(
        "In the Portal, **Tag Analytics** exports a CSV with each tag's ID and name. "
        "What you upload stays in this server's memory, for your visit only."
    )
    key = f"tag-names-{visit.uploader}"
    st.file_uploader(
        "Tag names (CSV)",
        type=["csv", "txt", "tsv"],
        key=key,
        max_upload_size=MAX_BYTES // 2**20,
        width=WIDTH,
    )
    try:
        read = [run_reader(FILE, read_names_file, [data], name) for name, data in read_uploads(key)]
    except UserlaneError as error:
        st.error(
            f"**{escape_markdown(error.cause)}** {escape_markdown(error.next_step)}", icon=":material/error:"
        )
    else:
        if read:
            (visit.names,) = read
            session.free_uploads()
            st.rerun()
    if visit.names:
        many = format_count(len(visit.names.entries), "name")
        repeats = visit.names.duplicates
        again = f"{format_count(repeats, 'line')} said the same again." if repeats else ""
        st.markdown(f"{many} from **{escape_markdown(visit.names.source)}**. {again}")
        st.button("Forget the names", on_click=session.remove_tag_names, icon=":material/label_off:")


def show_tag_match(ranking: Measured[pd.DataFrame]) -> None:
    """How many of the tags have a name, with the lists behind the sentence."""
    tags, names = unwrap(ranking), session.visit().names
    match = match_tags(list(tags["tag_id"]), names) if names else None
    sentence = (
        match.sentence() if match else "Tags are shown by their ID: upload the Portal's CSV to see names"
    )
    if match and ranking.condition != "complete":
        sentence = f"{sentence} {describe_state(ranking.state, ranking.rows)}"
    with st.expander(sentence, icon=":material/label:", key="tag-names-matched"):
        show_tag_names()
        if match and match.unnamed:
            st.markdown(
                "Without a name: "
                + _join_first([escape_markdown(tag_id, LONGEST) for tag_id in match.unnamed])
            )
        if match and match.unused:
            unused = [
                f"{escape_markdown(name, LONGEST)} ({escape_markdown(tag_id, LONGEST)})"
                for tag_id, name in match.unused
            ]
            st.markdown("Named in the file, not seen in these days: " + _join_first(unused))


def _join_first(words: Sequence[str]) -> str:
    more = f" and {format_number(len(words) - MOST)} more" if len(words) > MOST else ""
    return ", ".join(words[:MOST]) + more
