"""Handles unexpected errors: one error box with an ID under which the log has the error."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
import structlog
from streamlit.errors import FragmentHandledException

from userlane import session, url
from userlane.errors import UserlaneError
from userlane.logs import log_error
from userlane.ui.text import escape_markdown

CAUSE = "Something went wrong that should not."
NEXT_STEP = (
    "That is a defect of this dashboard, neither of your data nor of your token. The rest of this page could "
    "not be drawn; other pages go on working. If trying again does not help, tell whoever runs the dashboard "
    "the error ID."
)


@contextmanager
def error_boundary(page: str) -> Iterator[None]:
    """Log any error raised inside and show it in one box at this place; the visit goes on.

    Streamlit's own stops and reruns pass. `page` is what the log calls this page.
    """
    place = st.container()
    structlog.contextvars.bind_contextvars(page=page, visitor=_visitor())
    try:
        yield
    except FragmentHandledException:
        raise
    except Exception as error:  # noqa: BLE001  # the one place where everything unforeseen ends
        with place:
            show_error(error)


def show_script_error(error: Exception) -> bool:
    """Show an error of a callback, for `st.App(on_script_error=…)`: nothing else was drawn in that run.

    Streamlit then keeps the values of all widgets, but the browser forgets them. They are dropped here too,
    so that the next run draws what the link says, and no widget shows another value than the one in force.
    """
    structlog.contextvars.bind_contextvars(visitor=_visitor())
    session.forget_widgets()
    show_error(error)
    return True


def show_error(error: Exception) -> None:
    """Draw the error box: what happened, what to do, and the error ID."""
    filters = session.visit().filters
    if filters is not None:
        url.write_url(filters)  # what the next run takes them from, if this one did not draw them
    with st.container(border=True):
        show_refusal(error if isinstance(error, UserlaneError) else UserlaneError(CAUSE, NEXT_STEP))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Try again", key="retry-page", on_click=session.retry_loads, icon=":material/refresh:")
            st.caption(f"Error ID {log_error(error)}", width="content")


def show_refusal(error: UserlaneError, of: str = "") -> None:
    """Draw why what the visitor gave cannot be used, and what to do; `of` says what it was."""
    cause, next_step = escape_markdown(error.cause), escape_markdown(error.next_step)
    words = f"**{of}:** {cause} {next_step}" if of else f"**{cause}** {next_step}"
    st.error(words, icon=":material/error:")


def _visitor() -> str:
    """Return a text that tells visits apart in the log."""
    return session.visit().owner[:8]
