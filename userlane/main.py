"""The entry script of the screen: navigation and the global filters, then the page."""

from pathlib import Path

import streamlit as st

from userlane import ui
from userlane.ui import errors

ROOT = Path(__file__).resolve().parent.parent

st.set_page_config(
    page_title="Userlane Analytics",
    page_icon=str(Path(__file__).parent / "ui" / "icon.png"),
    layout="wide",
)

page = st.navigation(
    [
        st.Page(ROOT / "pages" / "overview.py", title="Overview", icon=":material/dashboard:", default=True),
        st.Page(ROOT / "pages" / "heart.py", title="HEART", icon=":material/favorite:"),
        st.Page(ROOT / "pages" / "nps.py", title="NPS", icon=":material/thumbs_up_down:"),
        st.Page(ROOT / "pages" / "surveys.py", title="Surveys", icon=":material/rate_review:"),
        st.Page(ROOT / "pages" / "tags.py", title="Tags", icon=":material/sell:"),
        st.Page(ROOT / "pages" / "connect.py", title="Connect", icon=":material/key:"),
    ]
)
with errors.error_boundary(page.title):
    with st.sidebar:
        ui.show_sidebar()
    page.run()
