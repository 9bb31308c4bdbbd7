"""The visitor's own state; the only modules that touch `st.session_state`.

visitor    what the visitor has brought and loaded, which no link shares
link       property, dates and surveys, which a link shares
widgets    values of widgets, read and set from outside
"""

from userlane.session.link import (
    COMPARE,
    CUSTOM,
    EARLIEST,
    PERIOD,
    PROPERTY,
    RANGE,
    SURVEYS,
    choose_period,
    choose_property,
    filters,
    periods,
    put_filters,
    queries,
    show_period,
    take_ids,
    take_range,
    today,
)
from userlane.session.visitor import (
    Filters,
    Visit,
    connect,
    connection,
    forget,
    forget_names,
    forget_uploads,
    open_files,
    present,
    retry,
    stop_loads,
    visit,
)
from userlane.session.widgets import (
    forget_widgets,
    keep,
    pick,
    value,
)

__all__ = [
    "COMPARE",
    "CUSTOM",
    "EARLIEST",
    "PERIOD",
    "PROPERTY",
    "RANGE",
    "SURVEYS",
    "Filters",
    "Visit",
    "choose_period",
    "choose_property",
    "connect",
    "connection",
    "filters",
    "forget",
    "forget_names",
    "forget_uploads",
    "forget_widgets",
    "keep",
    "open_files",
    "periods",
    "pick",
    "present",
    "put_filters",
    "queries",
    "retry",
    "show_period",
    "stop_loads",
    "take_ids",
    "take_range",
    "today",
    "value",
    "visit",
]
