"""Draws the connection form and the Connect page: test of the APIs, sample data, stored records."""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import streamlit as st

from userlane import cache, doctor, session, url
from userlane.contract import ASSUMED, DATASETS, TITLES, Connection, Query, Token, Window, check_id
from userlane.errors import IdentifierUnusable, InputUnusable, TokenRejected, TokenUnusable, UserlaneError
from userlane.fetch import Probe
from userlane.formatting import format_count
from userlane.lookups.names import read_names
from userlane.sandbox import tag_names_csv
from userlane.ui import request_import, uploads
from userlane.ui.errors import show_refusal
from userlane.ui.text import escape_markdown

FORM_WIDTH = 760
PROBES_AT_ONCE = 8
TOKEN = "api-token"  # noqa: S105  # the key of its field
ASSUMED_CONTRACT = (
    "The vendor's wire reference is not public, so addresses and field names are an assumption until an API "
    "profile says otherwise (`USERLANE_API_PROFILE`)."
)


def show_form() -> None:
    """Draw everything a visitor needs to connect."""
    settings = cache.settings()
    st.markdown(
        "HEART trends, the NPS split, survey scores and Tag adoption of your Userlane property: "
        "with names instead of IDs, and numbers that say how sure they are."
    )
    if settings.sandbox:
        with st.container(border=True, width=FORM_WIDTH):
            st.markdown(
                "**Look around first.** Made-up data, served like the real API. No other server is asked."
            )
            st.button("Open the sample data", on_click=open_sample, type="primary", icon=":material/science:")
    filters = url.filters()
    if filters.property_id is not None:
        name = escape_markdown(settings.properties.get(filters.property_id, filters.property_id))
        st.info(
            f"Connect to see **{name}**, {filters.window.describe()}. If you were connected before, this "
            "page was loaded anew or the server restarted: it keeps a token in memory only.",
            icon=":material/restart_alt:",
        )
    profile = session.visit().profile or settings.profile
    with st.container(border=True, width=FORM_WIDTH):
        st.markdown(
            "**Connect with your own token.** It stays in memory until you disconnect or close the tab."
        )
        if settings.base_url or profile.origin:
            _show_fields(settings.properties)
        else:
            st.info(
                "This dashboard does not know the address of your Userlane API yet. Paste a request below, "
                "or ask the person who runs it to set `USERLANE_BASE_URL`.",
                icon=":material/settings:",
            )
    request_import.show_request_code()
    uploads.show_saved_json()


def _show_fields(properties: Mapping[str, str]) -> None:
    asked = session.get_widget(url.PROPERTY) or session.get_widget(request_import.PROPERTY) or ""
    with st.form("connect", border=False):
        st.text_input(
            "API token",
            type="password",
            autocomplete="current-password",
            help="In the Portal under Settings > API Token. Making a new one ends the old one.",
            placeholder="Known already; type another to replace it" if session.visit().found_token else "",
            key=TOKEN,
        )
        if properties:
            options = list(properties)
            property_id = st.selectbox(
                "Property",
                options,
                index=options.index(asked) if asked in options else None,
                format_func=lambda each: properties.get(each, each),
                accept_new_options=True,
                placeholder="Pick one or type an ID",
            )
        else:
            property_id = st.text_input(
                "Property ID", asked, help="The short text in the Portal's address, for example 8mkyx."
            )
        surveys = st.text_area(
            "Survey IDs (optional)",
            "\n".join(session.get_widget(url.SURVEYS) or ()),
            height=96,
            placeholder="512 After onboarding\n513 Help desk",
            help="One a line: the ID from the survey's address in the Portal, then a name if you like.",
        )
        left, right = st.columns(2)
        connecting = left.form_submit_button(
            "Connect", type="primary", width="stretch", icon=":material/login:", on_click=_take_token
        )
        testing = right.form_submit_button(
            "Test connection", width="stretch", icon=":material/network_check:", on_click=_take_token
        )
    if connecting or testing:
        _submit(property_id or "", surveys or "", stay=testing)


def _take_token() -> None:
    """Callback: move the token from its field into the visit, so that the page never shows it again."""
    visit = session.visit()
    visit.typed_token = typed = session.get_widget(TOKEN) or ""
    session.set_widget(TOKEN, "")
    with suppress(TokenUnusable):
        visit.found_token = Token(typed) if typed.strip() else visit.found_token


def _submit(property_id: str, surveys: str, *, stay: bool) -> None:
    visit = session.visit()
    typed, visit.typed_token = visit.typed_token, ""
    try:
        used = visit.found_token if visit.found_token and not typed.strip() else Token(typed)
        connection = cache.settings().connection(used, visit.profile)
        property_id, named = check_id(property_id, "property ID"), parse_surveys(surveys)
    except InputUnusable as error:
        show_refusal(error)
        return
    with st.spinner("Asking each API for one record …"):
        probes = test_connection(connection, property_id, tuple(named))
    if stay or not any(probe.ok for probe in probes):
        if all(isinstance(probe.error, TokenRejected) for probe in probes):
            visit.found_token = None
        show_probes(probes, named)
        return
    session.connect(connection, property_id, surveys=named, properties=cache.settings().properties)
    session.visit().probes = probes
    st.rerun()


def parse_surveys(text: str) -> dict[str, str]:
    r"""Read survey IDs and names from text with one survey per line, the ID first.

    >>> parse_surveys("512 After onboarding\n513")
    {'512': 'After onboarding', '513': 'Survey 513'}

    Raises `IdentifierUnusable` for a text that is no ID, and for more than `url.MOST_SURVEYS`.
    """
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        survey_id, *name = re.split(r"[\s=]+", line, maxsplit=1)
        survey_id = check_id(survey_id, "survey ID")
        found[survey_id] = "".join(name) or f"Survey {survey_id}"
    if len(found) > url.MOST_SURVEYS:
        raise IdentifierUnusable(f"More than {url.MOST_SURVEYS} surveys are named.", "Name fewer.")
    return found


def test_connection(
    connection: Connection, property_id: str, survey_ids: tuple[str, ...]
) -> tuple[Probe, ...]:
    """Ask each API for one record, several at a time; survey responses only of the given surveys."""
    zone = cache.settings().timezone
    now = url.today(zone)
    window = Window(now - timedelta(days=30), now)
    queries = [Query(name, property_id, window, None, zone) for name in DATASETS if name != "surveys"]
    queries += [Query("surveys", property_id, window, survey_id, zone) for survey_id in survey_ids]
    with ThreadPoolExecutor(PROBES_AT_ONCE) as pool:
        return tuple(pool.map(lambda query: cache.fetcher().probe(connection, query), queries))


def show_probes(probes: tuple[Probe, ...], surveys: Mapping[str, str]) -> None:
    """Draw one line per API: whether it works, else what to do."""
    for probe in probes:
        survey_id = probe.query.survey_id
        name = TITLES[probe.query.dataset]
        if survey_id:
            called = surveys.get(survey_id, "").removeprefix(f"Survey {survey_id}")
            name += f" ({f'{survey_id} {called}'.strip()})"
        icon = ":green[:material/check_circle:]" if probe.ok else ":red[:material/cancel:]"
        st.markdown(f"{icon} **{escape_markdown(name)}**: {escape_markdown(probe.words)}")
    if not any(probe.query.dataset == "surveys" for probe in probes):
        st.markdown(":gray[:material/remove:] **Survey responses**: add a survey ID to test them")


def open_sample() -> None:
    """Callback: connect to the sample data, with its tag names."""
    sample = cache.sandbox()
    property_id = next(iter(sample.properties))
    session.connect(
        Connection(sample.base_url, Token(sample.token), lasting=False),
        property_id,
        surveys=sample.surveys[property_id],
        other_surveys=sample.surveys,
        properties=sample.properties,
        names=read_names(tag_names_csv(property_id), "sample tag names.csv"),
        sample=True,
    )


def disconnect() -> None:
    """Callback: forget the token, its rows and everything else of the visit."""
    visit = session.visit()
    if visit.connection is not None and not visit.sample:  # the sample's token is everybody's
        cache.fetcher().forget(visit.connection)
    session.reset_visit()


def show_connection() -> None:
    """Draw what the visitor is connected to, with buttons to test it and to disconnect."""
    visit, filters = session.visit(), url.filters()
    if visit.saved:
        names = ", ".join(escape_markdown(name) for each in visit.saved.values() for name in each.files)
        st.markdown(f"Shown are saved answers, completeness unknown: {names}.")
        st.button("Close the files", on_click=session.reset_visit, icon=":material/logout:")
    if visit.connection is None:
        return
    shared = visit.connection.token == cache.settings().token
    whose = "this deployment's" if shared else "your"
    st.markdown(
        f"Connected to `{visit.connection.base_url}`"
        + (" (sample data, made up)." if visit.sample else f", with {whose} token, kept in memory only.")
    )
    with st.container(horizontal=True):
        testing = st.button(
            "Test connection", icon=":material/network_check:", disabled=filters.property_id is None
        )
        if not shared:
            st.button("Disconnect", on_click=disconnect, icon=":material/logout:")
    if testing and filters.property_id is not None:
        with st.spinner("Asking each API for one record …"):
            visit.probes = test_connection(visit.connection, filters.property_id, filters.survey_ids)
    if visit.probes:
        show_probes(visit.probes, visit.surveys)
    show_doctor()
    show_stored()
    if visit.connection.profile == ASSUMED:
        st.caption(ASSUMED_CONTRACT)
    else:
        request_import.show_profile_download(visit.connection.profile)


def show_doctor() -> None:
    """Draw the examination of the connection: its report never holds the token."""
    connection, property_id = session.visit().connection, url.filters().property_id
    with st.expander("Check this connection", icon=":material/stethoscope:", key="doctor", width=FORM_WIDTH):
        st.markdown(
            "Asks each API a few times about the last 7 days: how it answers, what is recognised and "
            "what to do about problems. The report never holds the token; it can be sent to a colleague."
        )
        checking = st.button("Check now", icon=":material/stethoscope:", disabled=property_id is None)
        if checking and connection is not None and property_id is not None:
            with st.spinner("Asking each API …"):
                surveys, zone = url.filters().survey_ids, cache.settings().timezone
                report = doctor.examine(connection, property_id, surveys, timezone=zone)
            st.code(report.text(), language=None, wrap_lines=True)


def show_stored() -> None:
    """Draw where records of this property are stored, with a button that deletes them."""
    visit, property_id = session.visit(), url.filters().property_id
    if visit.sample or visit.connection is None or property_id is None:
        return
    with st.expander("Stored records", icon=":material/database:", key="stored", width=FORM_WIDTH):
        kept = format_count(cache.settings().kept.days, "day")
        lasting = cache.settings().store or cache.settings().store_url
        place = f"on the server for {kept}" if lasting else "in the server's memory"
        st.markdown(
            f"Records that were loaded are kept {place}, so that they need not be asked for again. Whoever "
            "the API lets read the same records may open them, with a token of their own."
        )
        st.button(
            f"Delete what is stored of {escape_markdown(visit.properties.get(property_id, property_id))}",
            on_click=_delete,
            args=(visit.connection, property_id),
            icon=":material/delete:",
        )
        if visit.deleted:
            st.caption(escape_markdown(visit.deleted))


def _delete(connection: Connection, property_id: str) -> None:
    """Callback: delete a property's stored records; the next run loads what is on screen again."""
    visit = session.visit()
    session.stop_loads()
    try:
        windows = cache.fetcher().delete(connection, property_id)
        cache.forget()
        visit.deleted = f"Deleted: {format_count(windows, 'stored range')}."
    except UserlaneError as error:
        visit.deleted = f"Nothing was deleted. {error.cause} {error.next_step}"
    visit.results = {}
