"""Tag names: the Portal's CSV is uploaded, and what it named is said."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from userlane import lookups, session
from userlane.contract import Measured, shown
from userlane.errors import UserlaneError
from userlane.ui.text import counted, plain, standing
from userlane.ui.uploads import uploaded

WIDTH = 760
LONGEST, MOST = 80, 100
"""Characters of a name in a list, and names in it."""


def tag_names() -> None:
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
        max_upload_size=lookups.MAX_BYTES // 2**20,
        width=WIDTH,
    )
    try:
        read = [lookups.read_names(content, name) for name, content in uploaded(key)]
    except UserlaneError as error:
        st.error(f"**{plain(error.cause)}** {plain(error.next_step)}", icon=":material/error:")
    else:
        if read:
            (visit.names,) = read
            session.forget_uploads()
            st.rerun()
    if visit.names:
        many = counted(len(visit.names.entries), "name")
        repeats = visit.names.duplicates
        again = f"{counted(repeats, 'line')} said the same again." if repeats else ""
        st.markdown(f"{many} from **{plain(visit.names.source)}**. {again}")
        st.button("Forget the names", on_click=session.forget_names, icon=":material/label_off:")


def matched(ranking: Measured[pd.DataFrame]) -> None:
    """How many of the tags have a name, with the lists behind the sentence."""
    tags, names = shown(ranking), session.visit().names
    match = lookups.match(list(tags["tag_id"]), names) if names else None
    sentence = (
        match.sentence() if match else "Tags are shown by their ID: upload the Portal's CSV to see names"
    )
    if match and ranking.condition != "complete":
        sentence = f"{sentence} {standing(ranking.state, ranking.rows)}"
    with st.expander(sentence, icon=":material/label:", key="tag-names-matched"):
        tag_names()
        if match and match.unnamed:
            st.markdown("Without a name: " + _listed([plain(tag_id, LONGEST) for tag_id in match.unnamed]))
        if match and match.unused:
            unused = [f"{plain(name, LONGEST)} ({plain(tag_id, LONGEST)})" for tag_id, name in match.unused]
            st.markdown("Named in the file, not seen in these days: " + _listed(unused))


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - MOST:,} more" if len(words) > MOST else ""
    return ", ".join(words[:MOST]) + more
