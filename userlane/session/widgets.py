"""Values of widgets, read and set from outside."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st


def set_widget(key: str, value: Any) -> None:
    """Set a widget's value before the widget is drawn."""
    st.session_state[key] = value


def select_from_chart(chart: str, into: str) -> None:
    """Callback of a clicked chart: what its clicked points carry becomes the choice of the widget `into`."""
    points = st.session_state[chart]["selection"]["points"]
    st.session_state[into] = list(dict.fromkeys(_carried_by(point) for point in points if _carried_by(point)))


def _carried_by(point: Mapping[str, Any]) -> Any:
    carried = point.get("customdata")
    return carried[0] if isinstance(carried, Sequence) and not isinstance(carried, str) else carried


def get_widget(key: str, default: Any = None) -> Any:
    """A widget's value, if it has one."""
    return st.session_state.get(key, default)


def forget_widgets() -> None:
    """Drop the values of all widgets, so that the next run draws what the link says."""
    for key in [key for key in st.session_state if key != "visit"]:
        del st.session_state[key]
