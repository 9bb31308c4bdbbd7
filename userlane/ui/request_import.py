"""Where the API speaks otherwise than assumed: the visitor's own request teaches it, once per company."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pandas as pd
import streamlit as st

from userlane import cache, request_import, session
from userlane.contract import DATASETS, TITLES, DatasetName, Profile, check_id
from userlane.errors import FieldsAmbiguous, FieldsMissing, UserlaneError
from userlane.request_import import Lesson
from userlane.ui.text import escape_markdown

WIDTH = 760
PROPERTY, SURVEY = "taught-property", "taught-survey"


def show_request_code() -> None:
    """One box per API for the code that “Try it” copies, what was understood of it, and its use."""
    with st.expander("My API looks different", icon=":material/school:", key="teaching", width=WIDTH):
        st.markdown(
            "In Userlane's developer documentation, press **Try it** for an API and copy the request code "
            "(cURL, HTTP, Python, JavaScript or PowerShell). Paste it here, one API a box. Nothing is run: "
            "the address and the names in it are read, so that the dashboard asks the same way."
        )
        left, right = st.columns(2)
        asked, surveys = session.get_widget(session.PROPERTY), session.get_widget(session.SURVEYS)
        left.text_input("Property ID in these requests", asked or "", key=PROPERTY)
        right.text_input("Survey ID in the survey request", surveys[0] if surveys else "", key=SURVEY)
        for name in DATASETS:
            st.text_area(TITLES[name], key=_box(name), height=96, placeholder="curl --request GET …")
        st.button("Read the requests", on_click=_read, icon=":material/menu_book:")
        _understood()
        _in_force()


def _box(dataset: DatasetName) -> str:
    return f"taught-{dataset}"


def _read() -> None:
    """Callback: read what was pasted; a token in it goes to the visit only and is struck from its box."""
    visit = session.visit()
    visit.lessons = {}
    for name in DATASETS:
        code = session.get_widget(_box(name)) or ""
        if code.strip():
            visit.lessons[name] = lesson = _learned(code, name)
            session.set_widget(_box(name), request_import.struck(code))
            if isinstance(lesson, Lesson) and lesson.token:
                visit.found_token = lesson.token


def _learned(code: str, dataset: DatasetName) -> Lesson | UserlaneError:
    try:
        property_id = check_id(session.get_widget(PROPERTY) or "", "property ID")
        survey_id = session.get_widget(SURVEY) or None
        return request_import.learn(
            code, dataset, property_id, survey_id, allowed_hosts=cache.settings().hosts
        )
    except UserlaneError as error:
        return error


def _understood() -> None:
    """The table of what was understood, the questions that are open, and the button that uses it."""
    lessons: dict[DatasetName, Lesson] = {}
    for name, outcome in session.visit().lessons.items():
        if isinstance(outcome, UserlaneError):
            words = f"{escape_markdown(outcome.cause)} {escape_markdown(outcome.next_step)}"
            st.error(f"**{TITLES[name]}:** {words}", icon=":material/error:")
        else:
            lessons[name] = _asked(name, outcome)
    if not lessons:
        return
    st.markdown("**What was understood**")
    rows = [
        {
            "API": TITLES[name],
            "What": finding.item,
            "Found": finding.found,
            "Sure": "yes" if finding.certainty == "sure" else "no",
            "Why": finding.why,
        }
        for name, lesson in lessons.items()
        for finding in lesson.findings
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=38 + 35 * min(len(rows), 24),
        alt="What was understood of the requests",
    )
    settled = all(lesson.settled for lesson in lessons.values())
    st.button(
        "Use this",
        on_click=_use,
        args=(lessons,),
        disabled=not settled,
        type="primary",
        icon=":material/check:",
        help=None if settled else "Answer the questions above first.",
    )


def _asked(dataset: DatasetName, lesson: Lesson) -> Lesson:
    """The lesson with what the visitor has answered so far; answers may bring further questions."""
    answers: dict[str, str] = {}
    while question := next((each for each in lesson.questions if each.role not in answers), None):
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
            lesson = lesson.answered(answers)
        except UserlaneError as error:
            st.error(
                f"{escape_markdown(error.cause)} {escape_markdown(error.next_step)}", icon=":material/error:"
            )
            break
    return lesson


def _use(lessons: Mapping[DatasetName, Lesson]) -> None:
    """Callback: the lessons become the visit's profile; whoever connects from now on asks with it."""
    visit = session.visit()
    try:
        visit.profile = request_import.assemble(lessons.values(), visit.profile or cache.settings().profile)
        visit.found_token = request_import.token_in(lessons.values()) or visit.found_token
    except UserlaneError as error:
        visit.lessons[next(iter(lessons))] = error
        return
    visit.lessons = {}


def _in_force() -> None:
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
    """The profile, to be mounted so that nobody has to teach it again. It never holds the token."""
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
