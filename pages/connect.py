"""Connect: whose data, how it answers, and the names that go with it."""

import streamlit as st

from userlane import session, ui

ui.begin_page("Connect", needs_property=False)
ui.show_connection()
if session.visit().connection is not None:
    st.subheader("Tag names", anchor=False)
    ui.show_tag_names()
    ui.preload_charts()
