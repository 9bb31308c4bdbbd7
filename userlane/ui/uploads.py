"""Saved answers opened in place of an API: no token, and marked wherever they are shown."""

import streamlit as st

from userlane import cache, saved_json, session
from userlane.contract import DATASETS, TITLES, DatasetName
from userlane.errors import UploadRefused, UserlaneError
from userlane.reader_process import FILE
from userlane.ui.text import escape_markdown
from userlane.web import upload_quota

WIDTH = 760
PROPERTY = "files"


def show_saved_json() -> None:
    """One uploader per API for files copied from “Try it”, and the button that opens them."""
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
            words = f"{escape_markdown(error.cause)} {escape_markdown(error.next_step)}"
            st.error(f"**{TITLES[name]}:** {words}", icon=":material/error:")


def _open_files() -> None:
    """Callback: read the files; if all can be read, the pages show them."""
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
        except UserlaneError as error:
            visit.unreadable[name] = error
    if opened and not visit.unreadable:
        found = (survey_id for each in opened.values() for survey_id in each.surveys)
        surveys = {survey_id: f"Survey {survey_id}" for survey_id in found}
        session.open_files(opened, {PROPERTY: "Saved files"}, surveys)


def read_uploads(key: str) -> list[tuple[str, bytes]]:
    """Name and content of each file that the uploader of this key holds.

    Raises `UploadRefused` when one of them did not get through: the page has it, the server has not.
    """
    found = session.get_widget(key) or []
    files = found if isinstance(found, list) else [found]
    if not all(hasattr(file, "getvalue") for file in files):
        raise UploadRefused(upload_quota.BEYOND, upload_quota.AGAIN)
    return [(file.name, file.getvalue()) for file in files]
