"""Connect: whose data, how it answers, and the names that go with it."""

import streamlit as st

from userlane import session, ui

ui.page("Connect", needs_property=False)
ui.status()
if session.connection() is not None:
    st.subheader("Tag names", anchor=False)
    ui.tag_names()
    ui.charts_ahead()
