"""Connect: whose data, how it answers, and the names that go with it."""

import streamlit as st

from userlane import layout, session

layout.page("Connect", needs_property=False)
layout.status()
if session.connection() is not None:
    st.subheader("Tag names", anchor=False)
    layout.tag_names()
    layout.charts_ahead()
