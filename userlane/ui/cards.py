"""Draws cards. Each card shows one number with its sample size and state."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from userlane import session, url
from userlane.contract import NAMES, NOUNS, Measured, measure, unwrap
from userlane.formatting import NOTHING, format_count, format_interval, format_number, format_share
from userlane.inference import COUNTS_FROM, VALUES_FROM, nps_change
from userlane.metrics.nps import Counts
from userlane.metrics.tags import Totals
from userlane.saved_json import UNKNOWN
from userlane.ui.loaded import Loaded
from userlane.ui.page import query_names
from userlane.ui.tables import show_caption
from userlane.ui.text import describe_state, escape_markdown


@dataclass(frozen=True, slots=True)
class CardContent:
    """What is written on a card.

    Attributes:
        value: The number as text.
        n: How many observations are behind it; None for all rows of the dataset.
        noun: What one observation is called, and several; None for the dataset's own nouns.
        note: Words before the sample size, such as the interval.
        of: The number as a share of `n`, as text.
        change: Difference from the period before in the number's own unit; NaN without a comparison, and
            always for an incomplete period (see `choose_comparison`).
        digits: Decimals of the change.
        change_note: Words beside the change.
        trend: One value per day or week.
    """

    value: str
    n: int | None = None
    noun: tuple[str, str] | None = None
    note: str = ""
    of: str = ""
    change: float = math.nan
    digits: int = 1
    change_note: str = "vs. before"
    trend: Sequence[float | None] | None = None


@contextmanager
def card_row(columns: int, width: int = 140) -> Iterator[None]:
    """Lay out the cards drawn inside in a row of equal cells, which wraps on narrow screens."""
    with st.grid(columns, min_column_width=width, gap="xsmall"):
        yield


def show_card(label: str, face: Measured[CardContent], about: str | None = None) -> None:
    """Draw one card with its sample size and completeness; if data is missing, add a Retry button."""
    written = unwrap(face)
    points = [point for point in written.trend or () if point is not None and not math.isnan(point)]
    changed = not math.isnan(written.change)
    change = round(written.change, written.digits) + 0.0 if changed else 0.0
    unsure = "too close to call" in written.change_note
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.metric(
            escape_markdown(label),
            written.value,
            format_number(change, written.digits) if changed else None,
            # Told, because Streamlit reads the direction off a hyphen, and this is a real minus.
            # Colour is for changes that hold.
            delta_color="off" if not change or unsure else "green" if change > 0 else "red",
            delta_arrow="off" if not change else "up" if change > 0 else "down",
            delta_description=written.change_note if changed else None,
            chart_data=points if len(points) > 1 else None,
            help=about,
        )
        show_caption(face, _caption(written, face))
        if face.condition == "incomplete" and UNKNOWN not in face.state.reasons:
            st.button(
                ":small[:primary[Retry the missing part]]",
                key=f"retry-card-{label}-{face.fingerprint[:12]}",
                on_click=session.retry_loads,
                args=(face.query.dataset,),
                type="tertiary",
            )


def _caption(written: CardContent, face: Measured[Any]) -> str:
    singular, plural = written.noun or NOUNS[face.query.dataset]
    behind = format_count(face.rows if written.n is None else written.n, singular, plural)
    if not face.rows and face.condition in {"empty", "stale"}:
        behind = f"no {plural} in this period"
    state = "" if face.condition == "empty" else describe_state(face.state, face.rows)
    parts = (written.note, f"{written.of} of {behind}" if written.of else behind, state)
    return " · ".join(filter(None, parts))


def show_heart_cards(summary: Measured[pd.DataFrame]) -> None:
    """Draw a card for each HEART score: mean of the period, band, change and days measured."""
    labels = unwrap(summary)["label"].tolist()
    with card_row(6):
        for place, label in enumerate(labels):
            show_card(label, summary.map(_heart_content, place, summary.window.days))


def _heart_content(summary: pd.DataFrame, place: int, days: int) -> CardContent:
    letter = summary.iloc[place]
    measured = int(letter["days"])
    of = f"of {days} days"
    return CardContent(
        format_number(letter["mean"], 1),
        n=measured,
        noun=("day", "days") if measured == days else (of, of),
        note=letter["band"] if measured else "not measured",
        change=letter["change"],
        trend=letter["trend"] if measured == days else None,
    )


def show_nps_card(counts: Measured[Counts], before: Measured[Counts] | None) -> None:
    """Draw the NPS with its interval and the verdict on its change."""
    show_card(
        "NPS",
        measure(_nps_content, counts, before),
        "Share of promoters minus share of detractors, −100 to 100.",
    )


def _nps_content(counts: Counts, before: Counts | None) -> CardContent:
    score = counts.estimate()
    if counts.n < VALUES_FROM:
        return CardContent(NOTHING, counts.n, note="too few answers for a score")
    face = CardContent(
        format_number(score.value, 1),
        counts.n,
        note=format_interval(format_number(score.low), format_number(score.high)),
    )
    if before is None or before.n < VALUES_FROM:
        return face
    verdict = nps_change(before, counts).verdict
    change = score.value - before.estimate().value
    return replace(face, change=change, change_note=verdict)


def show_nps_cards(counts: Measured[Counts], before: Measured[Counts] | None) -> None:
    """Draw the NPS and the counts of promoters, passives and detractors."""
    groups = ("Promoters (9–10)", "Passives (7–8)", "Detractors (0–6)")
    with card_row(4):
        show_nps_card(counts, before)
        for label, group in zip(groups, Counts._fields, strict=True):
            show_card(label, counts.map(_bucket_content, group))


def _bucket_content(counts: Counts, group: str) -> CardContent:
    count = getattr(counts, group)
    hidden = counts.n < COUNTS_FROM
    of = format_share(count / counts.n, 0) if counts.n >= VALUES_FROM else ""
    return CardContent(NOTHING if hidden else format_number(count), counts.n, of=of)


def show_survey_cards(
    summary: Measured[pd.DataFrame], change: Measured[pd.DataFrame] | None, names: Mapping[str, str]
) -> None:
    """Draw one card per survey in the state of its own answers: share of 4–5 with its interval, and the mean.

    A survey nobody answered has a card that says so; one that could not be loaded has none.
    """
    unwrap(summary)
    for survey_id, name in names.items():
        of_survey, moved = summary.only(survey_id), change.only(survey_id) if change else None
        if of_survey and not all(dataset.absent for dataset in of_survey.datasets):
            show_card(name, measure(_survey_content, of_survey, moved, survey_id=survey_id))


def _survey_content(summary: pd.DataFrame, change: pd.DataFrame | None, survey_id: str) -> CardContent:
    found = summary[summary["survey_id"] == survey_id].to_dict("records")
    if not found:
        return CardContent(NOTHING, 0)
    (survey,) = found
    if survey["n"] < VALUES_FROM:
        return CardContent(NOTHING, survey["n"], note="too few answers")
    low, high = format_share(survey["favourable_low"], 0), format_share(survey["favourable_high"], 0)
    note = f"{format_interval(low, high)} · mean {format_number(survey['mean'], 2)}"
    face = CardContent(f"{format_share(survey['favourable'], 0)} gave 4–5", survey["n"], note=note)
    moved = [] if change is None else change[change["survey_id"] == survey_id].to_dict("records")
    if not moved or moved[0]["n_before"] < VALUES_FROM:
        return face
    words = ", ".join(filter(None, ("points", moved[0]["verdict"])))
    return replace(face, change=100 * moved[0]["difference"], change_note=words)


def show_tag_cards(totals: Measured[Totals], before: Measured[Totals] | None) -> None:
    """Draw how many users, interactions and tags the tag records hold."""
    labels = {
        "users": ("Users seen", "Different users with at least one interaction with any tag."),
        "interactions": ("Interactions", "All interactions with all tags."),
        "tags": ("Tags used", "Different tags with at least one interaction."),
    }
    with card_row(3):
        for name, (label, about) in labels.items():
            show_card(label, measure(_total_content, totals, before, name=name), about)


def _total_content(totals: Totals, before: Totals | None, name: str) -> CardContent:
    value = getattr(totals, name)
    change = value - getattr(before, name) if before is not None else math.nan
    return CardContent(format_number(value), change=change, digits=0)


def show_changes(place: DeltaGenerator, found: Sequence[Measured[list[str]]], of: Sequence[Loaded]) -> None:
    """Draw the list of what changed most into `place`; a line that is not up to date says so.

    Whichever `of` the datasets was not loaded, is incomplete or was not compared is named.
    """
    with place.container(border=True):
        st.markdown("**What changed most**")
        lines = []
        for measured in found:
            state = describe_state(measured.state, measured.rows)
            mark = "" if measured.condition == "complete" else f" {state}"
            lines += [f"- {escape_markdown(sentence)}{mark}" for sentence in unwrap(measured)]
        if lines:
            st.markdown("\n".join(lines))
        compared = url.filters().compare
        left_out = list(_not_compared(of)) if compared else []
        for why, whose in left_out:
            st.caption(f"Not compared, {why}: {whose}.")
        if not lines and not left_out:
            st.markdown(
                "Nothing to compare in these days."
                if compared
                else "The comparison with the period before is switched off."
            )


def _not_compared(of: Sequence[Loaded]) -> Iterator[tuple[str, str]]:
    """Yield why something was not compared, and the names of what was not, both in words."""
    found: dict[str, list[str]] = {
        "because incomplete": [],
        "because not loaded": [],
        "for the reason below": [],
    }
    for loaded in of:
        had = [dataset for dataset in loaded.current if dataset.query not in loaded.errors]
        partial = [dataset.query for dataset in had if not dataset.state.complete]
        unlike = [query for query in loaded.not_comparable if query not in partial]
        for whose, queries in zip(found.values(), (partial, list(loaded.errors), unlike), strict=True):
            every = len(queries) == len({*loaded.errors, *(dataset.query for dataset in had)})
            if queries:
                whose.append(NAMES[loaded.name] if every else query_names(queries))
    return ((why, ", ".join(whose)) for why, whose in found.items() if whose)
