"""Where the API speaks otherwise than assumed: the visitor's own request tells how, once per company."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
import pandas as pd
import streamlit as st

from userlane import cache, request_import, session, url
from userlane.contract import DATASETS, TITLES, DatasetName, Profile
from userlane.errors import FieldsAmbiguous, FieldsMissing, UserlaneError
from userlane.reader_process import PASTE, run_reader
from userlane.request_import import ImportResult, interpret, read_paste
from userlane.ui.errors import show_refusal
from userlane.ui.text import escape_markdown

WIDTH = 760
PROPERTY, SURVEY = "taught-property", "taught-survey"


def show_request_code() -> None:
    """One box per API for the code that “Try it” copies, what was understood of it, and its use."""
    with st.expander("My API looks different", icon=":material/school:", key="teaching", width=WIDTH):
        st.markdown(
            "In Userlane's developer documentation, press **Try it** for an API and copy the request code, "
            "best of all Shell (cURL); code of another language, an OpenAPI document, a HAR file or a "
            "Postman collection can be pasted, too. Paste it here, one API a box. Nothing is run: the "
            "address and the names in it are read, so that the dashboard asks the same way."
        )
        left, right = st.columns(2)
        asked, surveys = session.get_widget(url.PROPERTY), session.get_widget(url.SURVEYS)
        left.text_input("Property ID in these requests", asked or "", key=PROPERTY)
        right.text_input("Survey ID in the survey request", surveys[0] if surveys else "", key=SURVEY)
        for name in DATASETS:
            st.text_area(TITLES[name], key=_box(name), height=96, placeholder="curl --request GET …")
        st.button("Read the requests", on_click=_read_requests, icon=":material/menu_book:")
        _show_results()
        _show_profile_in_use()


def _box(dataset: DatasetName) -> str:
    return f"taught-{dataset}"


def _read_requests() -> None:
    """Callback: read what was pasted. A token in it goes into the visit only; its box keeps the rest."""
    visit = session.visit()
    visit.import_results, visit.import_refusal = {}, None
    ids = [each for each in (session.get_widget(PROPERTY), session.get_widget(SURVEY)) if each]
    for name in DATASETS:
        text = session.get_widget(_box(name)) or ""
        if not text.strip():
            session.set_widget(_box(name), "")
        else:
            visit.import_results[name] = result = _import(text, ids, name)
            if isinstance(result, ImportResult) and result.token:
                visit.found_token = result.token


def _import(text: str, ids: Sequence[str], dataset: DatasetName) -> ImportResult | UserlaneError:
    property_id, survey_id = session.get_widget(PROPERTY) or "", session.get_widget(SURVEY) or None
    session.set_widget(_box(dataset), "")  # so it stays where the text cannot be read: a token may be in it
    try:
        reading = run_reader(PASTE, read_paste, [text.encode()], ids)
        session.set_widget(_box(dataset), reading.redacted)
        return interpret(reading, dataset, property_id, survey_id, allowed_hosts=cache.settings().hosts)
    except UserlaneError as error:
        return error


def _show_results() -> None:
    """The table of what was understood, the questions that are open, and the button that uses it."""
    results: dict[DatasetName, ImportResult] = {}
    for name, outcome in session.visit().import_results.items():
        if isinstance(outcome, UserlaneError):
            show_refusal(outcome, TITLES[name])
        else:
            results[name] = _show_questions(name, outcome)
    if (refusal := session.visit().import_refusal) is not None:
        show_refusal(refusal)
    if not results:
        return
    st.markdown("**What was understood**")
    rows = [
        (TITLES[name], finding.item, finding.found, "yes" if finding.sure else "no", finding.why)
        for name, result in results.items()
        for finding in result.findings
    ]
    st.dataframe(
        pd.DataFrame(rows, columns=["API", "What", "Found", "Sure", "Why"]),
        hide_index=True,
        height=38 + 35 * min(len(rows), 24),
        alt="What was understood of the requests",
    )
    settled = all(result.settled for result in results.values())
    st.button(
        "Use this",
        on_click=_use,
        args=(results,),
        disabled=not settled,
        type="primary",
        icon=":material/check:",
        help=None if settled else "Answer the questions above first.",
    )


def _show_questions(dataset: DatasetName, result: ImportResult) -> ImportResult:
    """Ask what is open; returns the result with the answers so far, which may bring further questions."""
    answers: dict[str, str] = {}
    while question := next((each for each in result.questions if each.role not in answers), None):
        answer = st.selectbox(
            f"{TITLES[dataset]}: {escape_markdown(question.words)}",
            question.candidates,
            index=None,
            accept_new_options=question.free,
            placeholder=f"{question.suggestion}?" if question.suggestion else "Choose",
            key=f"taught-{dataset}-{question.role}",
        )
        if not answer:
            break
        answers[question.role] = answer
        try:
            result = result.answer(answers)
        except UserlaneError as error:
            show_refusal(error)
            break
    return result


def _use(results: Mapping[DatasetName, ImportResult]) -> None:
    """Callback: the results become the visit's profile; whoever connects from now on asks with it.

    Where they do not go together, none is used, and no token of theirs.
    """
    visit = session.visit()
    try:
        profile = request_import.assemble(results.values(), visit.profile or cache.settings().profile)
        token = request_import.find_shared_token(results.values())
    except UserlaneError as error:
        visit.import_refusal, visit.found_token = error, None
        return
    visit.profile, visit.found_token = profile, token or visit.found_token
    visit.import_results, visit.import_refusal = {}, None


def _show_profile_in_use() -> None:
    """What is used now, and the file that spares everybody else the pasting."""
    visit = session.visit()
    if visit.profile is None:
        return
    token = " The token you gave is used, for this visit only." if visit.found_token else ""
    st.success(
        f"The dashboard now asks as your requests do. Connect to try it.{token}", icon=":material/check:"
    )
    show_profile_download(visit.profile)


def show_profile_download(profile: Profile) -> None:
    """The profile, to be mounted so that nobody has to paste requests again. It never holds the token."""
    st.download_button(
        "Download the profile",
        request_import.to_toml(profile),
        "userlane-profile.toml",
        "application/toml",
        on_click="ignore",
        icon=":material/download:",
        help="Without the token. Whoever runs the dashboard mounts it and names it in USERLANE_API_PROFILE; "
        "then nobody has to paste requests again.",
    )


def show_field_choice(error: FieldsMissing | FieldsAmbiguous) -> None:
    """Ask which key of the API's records is which field, and ask the API again with the answer."""
    if isinstance(error, FieldsAmbiguous):
        wanted = dict(error.candidates)
    else:
        wanted = dict.fromkeys(error.missing, error.keys)
    with st.form(f"mapping-{error.dataset}", width=WIDTH):
        st.markdown(
            "**Which key is it?** Your answer becomes part of the profile, to be downloaded under Connect."
        )
        for field, keys in wanted.items():
            st.selectbox(
                field.replace("_", " ").capitalize(),
                keys,
                index=None,
                placeholder="Choose a key",
                key=_choice(error.dataset, field),
            )
        st.form_submit_button(
            "Use these keys", type="primary", on_click=_map, args=(error.dataset, tuple(wanted))
        )


def _choice(dataset: str, field: str) -> str:
    return f"mapping-{dataset}-{field}"


def _map(dataset: DatasetName, fields: tuple[str, ...]) -> None:
    """Callback: put the chosen keys into the profile and ask again."""
    visit = session.visit()
    if visit.connection is None:
        return
    profile = visit.connection.profile
    chosen = {field: key for field in fields if (key := session.get_widget(_choice(dataset, field)))}
    route = profile.route(dataset)
    route = msgspec.structs.replace(route, fields={**route.fields, **chosen})
    visit.profile = msgspec.structs.replace(profile, **{dataset: route})
    visit.connection = replace(visit.connection, profile=visit.profile)
    session.retry_loads()
