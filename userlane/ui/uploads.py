"""What a visitor uploads: saved responses in place of an API, and the names of tags."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from userlane import cache, saved_json, session, url
from userlane.contract import DATASETS, TITLES, DatasetName, Measured, unwrap
from userlane.errors import UploadRefused, UserlaneError
from userlane.formatting import format_count, format_number
from userlane.lookups.csvfile import MAX_BYTES
from userlane.lookups.names import read_names_file
from userlane.lookups.tag_join import match_tags
from userlane.reader_process import FILE, run_reader
from userlane.ui.errors import show_refusal
from userlane.ui.text import describe_state, escape_markdown
from userlane.web import upload_quota

WIDTH = 760
PROPERTY = "files"
LONGEST, MOST = 80, 100
"""Characters of a name in a list, and names in it."""


def show_saved_json() -> None:
    """Draw one uploader per API for saved responses, and the button that opens them."""
    with st.expander("Open saved JSON", icon=":material/folder_open:", key="saved-json", width=WIDTH):
        st.markdown(
            "Answers copied from **Try it**, saved as files: one or many for each API. No token is needed. "
            "Since nobody can know whether they are all, everything from them is marked so. "
            f"One visit may upload {upload_quota.MAX_FILES} files and {upload_quota.MAX_BYTES // 2**20} MB."
        )
        for name in DATASETS:
            st.file_uploader(
                TITLES[name], type=["json", "txt"], accept_multiple_files=True, key=f"saved-{name}"
            )
        st.button("Open the files", on_click=_open_files, icon=":material/folder_open:")
        for name, error in session.visit().unreadable.items():
            show_refusal(error, TITLES[name])


def _open_files() -> None:
    """Callback: read the files and show them if all can be read."""
    visit, settings = session.visit(), cache.settings()
    profile = visit.profile or settings.profile
    opened: dict[DatasetName, saved_json.Saved] = {}
    visit.unreadable = {}
    for name in DATASETS:
        try:
            files = read_uploads(f"saved-{name}")
            if files:
                fields = profile.route(name).fields
                opened[name] = saved_json.read(
                    files, name, fields=fields, timezone=settings.timezone, limits=FILE
                )
                if len(opened[name].surveys) > url.MOST_SURVEYS:  # each is a load, and several figures
                    raise UploadRefused(
                        f"The files hold more than {url.MOST_SURVEYS} surveys.", "Open fewer at a time."
                    )
        except UserlaneError as error:
            visit.unreadable[name] = error
    if opened and not visit.unreadable:
        found = (survey_id for each in opened.values() for survey_id in each.surveys)
        surveys = {survey_id: f"Survey {survey_id}" for survey_id in found}
        session.open_files(opened, {PROPERTY: "Saved files"}, surveys)


def read_uploads(key: str) -> list[tuple[str, bytes]]:
    """Return name and content of each file in the uploader of this key.

    Raises `UploadRefused` when one of them did not get through: the page has it, the server has not.
    """
    found = session.get_widget(key) or []
    files = found if isinstance(found, list) else [found]
    if not all(hasattr(file, "getvalue") for file in files):
        raise UploadRefused(upload_quota.BEYOND, upload_quota.AGAIN)
    return [(file.name, file.getvalue()) for file in files]


def show_tag_names() -> None:
    """Draw the upload of the Portal's tag names, which the visit keeps for every page."""
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
        show_refusal(error)
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
    """Draw how many of the tags have a name, and lists of those that do not match."""
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
